/** What came of it, for the terminal and for docs/faults.md. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import type { Backend, Fault } from "./backend.ts";
import { BACKENDS } from "./backends.ts";
import type { Result } from "./campaign.ts";
import type { Kind, Ledger } from "./ledger.ts";

/** One line of a table. */
export interface Row {
  readonly store: string;
  readonly fault: string;
  readonly cells: readonly string[];
  /** Whether every promise was kept. */
  readonly clean: boolean;
  readonly details: readonly string[];
}

const seconds = (ms: number | undefined): string => (ms === undefined ? "–" : (ms / 1000).toFixed(1));

/** Broken promises of some kinds; in brackets those that the server does not make. */
function number(ledger: Ledger, ...kinds: readonly Kind[]): string {
  const sum = (counts: ReadonlyMap<Kind, number>): number =>
    kinds.reduce((total, kind) => total + (counts.get(kind) ?? 0), 0);
  const [broken, allowed] = [sum(ledger.broken), sum(ledger.allowed)];
  return `${broken > 0 ? `**${broken}**` : "0"}${allowed > 0 ? ` (${allowed})` : ""}`;
}

const COLUMNS: readonly (readonly [string, (result: Result) => string])[] = [
  ["requests", ({ ledger }) => String([...ledger.statuses.values()].reduce((sum, count) => sum + count, 0))],
  ["503", ({ ledger }) => String(ledger.count(503))],
  ["slowest 503, s", ({ ledger }) => seconds(ledger.slowest.get(503))],
  ["lost", ({ ledger }) => number(ledger, "lost-write", "lost-session")],
  ["came back", ({ ledger }) => number(ledger, "resurrected", "returned")],
  ["of others", ({ ledger }) => number(ledger, "foreign")],
  ["cookies", ({ ledger }) => number(ledger, "cookie")],
  ["counts", ({ ledger }) => number(ledger, "count")],
  ["unlisted", ({ ledger }) => number(ledger, "unlisted")],
  ["other failures", ({ ledger }) => number(ledger, "status", "late", "stuck", "leak")],
  ["history", ({ history }) => (history ? `${history.verdict === "legal" ? "legal" : `**${history.verdict}**`}` : "")],
  ["first, s", ({ ledger }) => seconds(ledger.firstSuccess)],
  ["all, s", ({ everybody }) => seconds(everybody)],
  ["heap, MB", ({ heap }) => heap.map((size) => size.toFixed(0)).join(" → ")],
  ["connections", ({ connections }) => connections.join(" → ")],
];

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const HEAD = ["fault", ...COLUMNS.map(([title]) => title)];

/** `result`: what came of it, or why it could not be run. */
export function rowOf(store: string, fault: string, result: Result | string): Row {
  if (typeof result === "string")
    return {
      ...{ store, fault, clean: false, details: [result] },
      cells: [fault, "**could not be run**", ...COLUMNS.slice(1).map(() => "")],
    };
  const { broken, details } = result.ledger;
  return {
    ...{ store, fault, clean: broken.size === 0, details },
    cells: [fault, ...COLUMNS.map(([, cell]) => cell(result))],
  };
}

/** For the terminal, as soon as it is known. */
export function tell({ store, cells, clean, details }: Row): void {
  const named = cells.map((cell, at) => (at === 0 ? cell : `${HEAD[at]} ${cell}`));
  console.log(`${clean ? "ok  " : "FAIL"} ${store} ${named.join(", ")}`);
  for (const detail of details) console.log(`       ${detail}`);
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
    const clean = git("status", "--porcelain", "src") === "";
    return `${git("rev-parse", "--short", "HEAD")}${clean ? "" : " and what was not yet committed"}`;
  } catch {
    return "unknown";
  }
}

export interface Setting {
  readonly clients: number;
  readonly seconds: number;
  readonly think: number;
  readonly storeTimeout: number;
  readonly seed: number;
  /** Of the machine, when it began. */
  readonly load: number;
}

const INTRODUCTION = `# Faults

Written by \`npm run soak\`, store by store: an application over HTTP, with two processes' worth of sessions, stores and connections, on real servers that are killed,
frozen, cut off, filled up, made read-only, failed over and split while many clients are at work. Every client has a cookie jar and remembers what it was told; what it
is told later must fit. The application's clock runs six times as fast, so that tokens are rotated meanwhile. Short forms of all of it are in \`npm test\`
(\`test/scenarios/faults-redis.test.ts\` and its neighbours).

\`\`\`sh
npm run soak -- --store redis --fault freeze --seconds 30 --clients 200 --seed 1
\`\`\``;

const LEGEND = `## What is counted

A client reads, sets keys, counts with \`update(n => n + 1)\`, does several of these at once, logs in and out, lists its user's sessions, ends the other devices of its user,
and tries cookies of sessions that have ended. Each number must be 0; **what is not is in bold.** In brackets: what the server itself does not promise through this fault.

| column | |
|---|---|
| 503, slowest 503 | requests that failed, and the longest that one took. A request makes several calls of the store, each of which may take \`storeTimeout\` |
| lost | acknowledged writes or sessions that were not there later; \`update\` that returned one number twice |
| came back | sessions that were served after a logout, a revocation or a login that replaced them was acknowledged |
| of others | responses with another user's name or data in them |
| cookies | cookies cleared, set or replaced by a response that must not, or older than the one that the client had |
| counts | values that nobody asked for: an \`update\` whose answer was lost, applied twice |
| unlisted | live sessions that their user's list, and so \`revokeUser\`, does not know |
| other failures | answers other than 503, failures that took longer than twice \`storeTimeout\` and 1.5 s, clients that were never served again, memory or connections that stayed |
| history | the verdict of the checker of \`sojourn/testing\` over all that was asked and answered: whether some order explains it. Not where the server may lose writes |
| first, all | from the end of the fault until the first change was acknowledged, and until every client had been served, without a restart |
| heap, connections | after a collection and at rest, before the fault and at the end |`;

/** What one store did. */
export function sectionOf(
  { server, promise, note }: Pick<Backend, "server" | "promise" | "note">,
  faults: Readonly<Record<string, Fault>>,
  rows: readonly Row[],
  { clients, seconds: length, think, storeTimeout, seed, load }: Setting,
): string {
  const reasons = new Set(rows.flatMap(({ fault }) => faults[fault]?.because ?? []));
  const [model] = cpus();
  return [
    `## ${server}`,
    "",
    `Promises: ${promise}.${note ? ` ${note}` : ""}${[...reasons].map((reason) => ` In brackets: ${reason}.`).join("")}`,
    "",
    line(HEAD),
    line(HEAD.map((_, at) => (at === 0 ? "---" : "--:"))),
    ...rows.map(({ cells }) => line(cells)),
    "",
    `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, Node ${process.version}, ${cpus().length} × ${model?.model.trim()} with other work on it ` +
      `(load ${load.toFixed(0)} to ${loadavg()[0]?.toFixed(0)}); ${clients} clients, each with a request every ${think / 2} ms on average; faults of ` +
      `${length} s; \`storeTimeout\` ${storeTimeout / 1000} s; seed ${seed}.`,
  ].join("\n");
}

const marker = (store: string): string => `<!-- ${store} -->`;

/** The page with this section in place of the store's last one. */
export function pageWith(page: string, store: string, section: string): string {
  const found = new Map<string, string>();
  for (const part of page.split("<!-- ").slice(1)) {
    const end = part.indexOf(" -->");
    found.set(part.slice(0, end), part.slice(end + " -->".length).trim());
  }
  found.set(store, section);
  const sections = Object.keys(BACKENDS).flatMap((name) => {
    const text = found.get(name);
    return text === undefined ? [] : [`${marker(name)}\n${text}`];
  });
  return `${[INTRODUCTION, LEGEND.trim(), ...sections].join("\n\n")}\n`;
}
