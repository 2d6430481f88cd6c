/** The tests that can see the core: run once to learn what each comes by, then again for every mutant. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plugin } from "vite";
import { createVitest, type TestSpecification, type Vitest } from "vitest/node";
import { alias } from "../../vitest.config.ts";
import { root } from "../run.ts";
import type { Orders, Seen } from "./setup.ts";

/** Cheapest first. What starts a server or a process is not here: it sees the core in another process, or slowly. */
const FOLDERS = [
  "test/unit/core",
  "test/unit/token",
  "test/unit/csrf",
  "test/unit/transport",
  "test/unit/adapters",
  "test/scenarios",
  "test/scenarios/adapters",
  "test/properties",
];
const SERVERS =
  /servers|demo|faults|memcached|mysql|postgres|processes|redis|cloudflare|codecs|express-session|histories/;

/** They play thousands of orders, or serve real requests by the hundred: for what no quick test noticed. */
const DEEP = /interleavings|hostile|model|races|revocations|scenarios\/adapters|properties\/cookies|turns/;

/** A mutant that leaves a promise pending for ever is found by this. */
const LONGEST_TEST_MS = 30_000;

/** `deep` are the tests that play all orders of requests. */
export function testFiles(deep: boolean): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}`)
      .filter((file) => file.endsWith(".test.ts") && !SERVERS.test(file) && (deep || !DEEP.test(file)))
      .map((file) => join(root, file)),
  );
}

class AsGiven {
  shard(specifications: TestSpecification[]): TestSpecification[] {
    return specifications;
  }
  sort(specifications: TestSpecification[]): TestSpecification[] {
    return specifications;
  }
}

export interface Failure {
  readonly file: string;
  /** Null where the file itself fails, or an error that no test caught. */
  readonly test: string | null;
  readonly why: string;
}

export interface Tests {
  /** Runs these without a mutant and answers what each test came by; without the tests that fail. */
  record(files: readonly string[]): Promise<readonly Seen[]>;
  /** The first failure, or null when all of them pass. */
  fails(active: number | null, files: readonly string[], only: Orders["only"]): Promise<Failure | null>;
  close(): Promise<void>;
}

type Result = Awaited<ReturnType<Vitest["runTestSpecifications"]>>;

/** Names of the tests that fail, by file. */
function failed(result: Result): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    result.testModules.map((module) => [
      module.moduleId,
      new Set([...module.children.allTests("failed")].map((test) => test.fullName)),
    ]),
  );
}

function firstFailure(result: Result): Failure | null {
  for (const module of result.testModules) {
    for (const test of module.children.allTests("failed"))
      return { file: module.moduleId, test: test.fullName, why: test.result().errors?.[0]?.message ?? "" };
    if (module.state() === "failed")
      return { file: module.moduleId, test: null, why: module.errors()[0]?.message ?? "" };
  }
  return result.unhandledErrors.length > 0 ? { file: "", test: null, why: String(result.unhandledErrors[0]) } : null;
}

/** `sourceOf` answers a changed text for the files that hold mutants. */
export async function openTests(sourceOf: (path: string) => string | undefined): Promise<Tests> {
  const folder = mkdtempSync(join(tmpdir(), "sojourn-mutation-"));
  const orders = join(folder, "orders.json");
  const plugin: Plugin = {
    name: "sojourn-mutants",
    enforce: "pre",
    transform: (_code, id) => sourceOf(id.split("?")[0] ?? id),
  };
  process.env.SOJOURN_MUTATION = orders;
  const vitest = await createVitest(
    "test",
    {
      root,
      config: false,
      watch: false,
      isolate: false,
      fileParallelism: false,
      maxWorkers: 1,
      pool: "forks",
      execArgv: ["--no-warnings"],
      bail: 1,
      reporters: [{}],
      silent: true,
      testTimeout: LONGEST_TEST_MS,
      include: ["test/**/*.test.ts"],
      setupFiles: [join(root, "scripts/mutation/setup.ts")],
      sequence: { sequencer: AsGiven },
    },
    { resolve: { alias }, plugins: [plugin] },
  );
  const run = async (files: readonly string[], what: Orders): Promise<Result> => {
    writeFileSync(orders, JSON.stringify(what));
    const project = vitest.getRootProject();
    const result = await vitest.runTestSpecifications(files.map((file) => project.createSpecification(file)));
    // Vitest answers with the modules of all runs so far: a failure of the last mutant is none of this one.
    return { ...result, testModules: result.testModules.filter(({ moduleId }) => files.includes(moduleId)) };
  };
  return {
    async record(files) {
      const record = join(folder, "seen.jsonl");
      writeFileSync(record, "");
      vitest.config.bail = 0;
      const failing = failed(await run(files, { active: null, only: {}, record }));
      vitest.config.bail = 1;
      const lines = readFileSync(record, "utf8").trim().split("\n");
      const seen = lines.map((line) => JSON.parse(line) as Seen);
      // A test that fails without a mutant, as on a machine that is too busy for it, says nothing.
      return seen.filter(({ file, test }) => test === null || !failing.get(file)?.has(test));
    },
    fails: async (active, files, only) => firstFailure(await run(files, { active, only, record: null })),
    async close() {
      await vitest.close();
      rmSync(folder, { recursive: true });
    },
  };
}
