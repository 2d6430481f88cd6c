/**
 * `npm run bench [rounds]`: what sessions cost, beside hand-written floors and other libraries in the same run.
 * Prints ratios, says which goals are met, and writes docs/benchmarks.md. `--only redis` runs one part and writes nothing.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { buildBenchmarks } from "./build.ts";
import { startChild } from "./child.ts";
import { PARTS, type Part, readCommand } from "./command.ts";
import { startDatabase } from "./databases.ts";
import { type Delay, measureDelay } from "./delay.ts";
import type { Growth } from "./growth.ts";
import { type InProcess, measureInProcess } from "./in-process/measure.ts";
import { GROUPS } from "./in-process/subjects.ts";
import type { Piece } from "./pairs.ts";
import { arePeersInstalled, driverVersions, peerVersions } from "./peers.ts";
import { report } from "./report.ts";
import { measureRequests, type Requests } from "./requests.ts";
import { measureStart, type Start } from "./start.ts";
import type { StoreQuestion } from "./stores.ts";
import { SUBJECTS } from "./subjects.ts";

const { rounds, parts } = readCommand(process.argv.slice(2));

if (!arePeersInstalled()) {
  console.log("Installing what is compared with, in benchmarks/ …");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: "benchmarks", stdio: "inherit" });
}
const built = await buildBenchmarks();
const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)} when it began`;

async function asked<Answer>(name: string, question: object, ...execArgv: readonly string[]): Promise<Answer> {
  const child = startChild<object, Answer>(join(built, `${name}.js`), [], execArgv);
  try {
    return await child.ask(question);
  } finally {
    child.stop();
  }
}

const inProcess: InProcess[] = [];
const start: Start[] = [];
const requests: Requests[] = [];
const pieces: Piece[] = [];
const databases: string[] = [];
const delay: Delay[] = [];
let growth: Growth | undefined;

async function measure(part: Part): Promise<void> {
  process.stderr.write(`${part} `);
  if (part === "in-process") {
    for (const group of GROUPS) inProcess.push(await measureInProcess(built, group, rounds));
  } else if (part === "start") start.push(...measureStart(built));
  else if (part === "delay") delay.push(...(await measureDelay(built, rounds)));
  else if (part === "pieces") pieces.push(...(await asked<Piece[]>("pieces", {})));
  else if (part === "growth") growth = await asked<Growth>("growth", {}, "--expose-gc");
  else {
    const database = await startDatabase(part);
    try {
      requests.push(await measureRequests({ built, subjects: SUBJECTS[part], rounds, url: database?.url }));
      if (!database) return;
      databases.push(database.about);
      const question = { part, url: database.url } as StoreQuestion;
      pieces.push(...(await asked<Piece[]>("stores", question)));
    } finally {
      await database?.close();
    }
  }
}

for (const part of parts) await measure(part);
process.stderr.write("\n");

const versions = Object.entries({ ...peerVersions(), ...driverVersions() }).map((each) => each.join(" "));
const text = report({ inProcess, start, requests, pieces, growth, delay }, { machine, rounds, versions, databases });
console.log(text);
if (parts.length === PARTS.length) writeFileSync("docs/benchmarks.md", text);
