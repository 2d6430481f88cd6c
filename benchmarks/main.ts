/**
 * `npm run bench [rounds]`: what sessions cost, beside hand-written floors and other libraries in the same run.
 * Prints ratios, and writes docs/benchmarks.md.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { buildBenchmarks } from "./build.ts";
import { startChild } from "./child.ts";
import type { Growth } from "./growth.ts";
import { arePeersInstalled, peerVersions } from "./peers.ts";
import type { Piece } from "./pieces.ts";
import { measureRequests, type RequestsResult, SUBJECTS } from "./requests.ts";
import type { Figure } from "./statistics.ts";

const rounds = Number(process.argv[2] ?? 9);

if (!arePeersInstalled()) {
  console.log("Installing what is compared with, in benchmarks/ …");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: "benchmarks", stdio: "inherit" });
}
const built = await buildBenchmarks();

async function asked<Answer>(name: string, ...execArgv: readonly string[]): Promise<Answer> {
  const child = startChild<string, Answer>(join(built, `${name}.js`), [], execArgv);
  try {
    return await child.ask("measure");
  } finally {
    child.stop();
  }
}

const load = loadavg()[0] as number;
const requests = await measureRequests(built, SUBJECTS, rounds);
const pieces = await asked<Piece[]>("pieces");
const growth = await asked<Growth>("growth", "--expose-gc");

const number = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0));
const span = (value: Figure | undefined): string =>
  value ? `${number(value.median)} (${number(value.low)}–${number(value.high)})` : "";
const line = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function requestTable({ rows }: RequestsResult): string[] {
  const names = [...new Set(rows.map(({ name }) => name))];
  const of = (name: string, action: string) => rows.find((row) => row.name === name && row.action === action);
  return [
    line("server", "read, µs", "change, µs", "anonymous, µs", "read ÷ floor", "change ÷ floor"),
    line("---", "--:", "--:", "--:", "--:", "--:"),
    ...names.map((name) => {
      const [read, change, anonymous] = ["read", "change", "anonymous"].map((action) => of(name, action));
      return line(
        name,
        span(read?.added),
        span(change?.added),
        span(anonymous?.added),
        span(read?.ratio),
        span(change?.ratio),
      );
    }),
  ];
}

const text = [
  "# Benchmarks",
  "",
  "Written by `npm run bench`; the times are of one machine and one day, the ratios are what to look at.",
  "",
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load.toFixed(1)} when it began, ${rounds} rounds. ` +
    `Compared with ${Object.entries(peerVersions())
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.`,
  "",
  "## Whole requests",
  "",
  "CPU time that sessions add to a request, over the same framework without them; 50 connections, the load from another",
  "process, all servers in turn in every round. Median (and the quarters below and above it). A *floor* is a hand-written server",
  "that does only what cannot be avoided. Figures near zero are noise.",
  "",
  ...requestTable(requests),
  "",
  `The frameworks alone: ${requests.bare.map(({ name, total }) => `${name} ${number(total.median)} µs`).join(", ")} a request.`,
  "",
  "## Pieces",
  "",
  line("piece", "µs", "least that does it, µs", "ratio"),
  line("---", "--:", "--:", "--:"),
  ...pieces.map(({ name, ours, floor, ratio }) =>
    line(name, span(ours), span(floor), ratio ? ratio.median.toFixed(2) : ""),
  ),
  "",
  "## Growth of the memory store",
  "",
  `${growth.sessions.toLocaleString("en")} sessions of 300 B: ${growth.bytesEach.toFixed(0)} bytes each over the key; a read at random ${number(growth.read)} µs; ` +
    `one slice of the sweep (250 records) ${growth.sweep.map((ms) => `${ms.toFixed(1)} ms`).join(", ")} (median, 99th percentile, longest).`,
  "",
].join("\n");

console.log(text);
writeFileSync("docs/benchmarks.md", text);
