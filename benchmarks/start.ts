/**
 * What a process pays before its first request: a new process each time, which imports and sets up, in turn with one that does
 * nothing. Time that goes by, for that is what a cold start is.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SECRET } from "./application.ts";
import { type Figure, figure } from "./statistics.ts";

export interface Start {
  readonly name: string;
  /** Milliseconds over a process that imports nothing. */
  readonly added: Figure;
}

const SCRIPTS: Readonly<Record<string, string>> = {
  nothing: "",
  "Sojourn, memory": `import { createSessions } from "sojourn";
import { memoryStore } from "sojourn/stores/memory";
createSessions({ secrets: "k1:${SECRET}", store: memoryStore() });`,
  "Sojourn, stateless": `import { createSessions } from "sojourn";
createSessions({ secrets: "k1:${SECRET}" });`,
  "express-session": `import { createRequire } from "node:module";
const session = createRequire(process.cwd() + "/benchmarks/package.json")("express-session");
session({ secret: "${SECRET}", resave: false, saveUninitialized: false });`,
  "iron-session": `import { createRequire } from "node:module";
createRequire(process.cwd() + "/benchmarks/package.json")("iron-session");`,
};

const TURNS = 20;

/** @param built A folder inside of the project, so that "sojourn" is what was just built. */
export function measureStart(built: string): Start[] {
  const folder = mkdtempSync(join(built, "start-"));
  const found = new Map<string, number[]>();
  try {
    for (const [name, script] of Object.entries(SCRIPTS)) writeFileSync(join(folder, `${fileOf(name)}.mjs`), script);
    for (let turn = 0; turn < TURNS; turn++) {
      for (const name of Object.keys(SCRIPTS)) {
        const before = performance.now();
        execFileSync(process.execPath, [join(folder, `${fileOf(name)}.mjs`)]);
        found.set(name, [...(found.get(name) ?? []), performance.now() - before]);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const nothing = found.get("nothing") ?? [];
  return [...found]
    .filter(([name]) => name !== "nothing")
    .map(([name, times]) => ({ name, added: figure(times.map((time, turn) => time - (nothing[turn] ?? 0))) }));
}

const fileOf = (name: string): string => name.replaceAll(/\W+/g, "-");
