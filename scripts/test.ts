/**
 * `npm test`: every test there is, and nothing else to prepare. Provides what the machine lacks, checks
 * the types, runs the tests, builds, tests the package, the runtimes and the browser, and says at the end
 * what was skipped and why. Every step has a time limit. With CI=true, a skip is a failure.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { installFor } from "./examples.ts";
import { chromium, provide } from "./needs.ts";
import { root, run } from "./run.ts";
import { runRuntimes } from "./run-runtimes.ts";
import { Tally } from "./tally.ts";

const tally = new Tally();
const reports = mkdtempSync(join(tmpdir(), "sojourn-test-"));
const workers = Math.max(2, availableParallelism() - 1);

/** Free bytes of memory's file system from which on the tests' servers and stores are put there. */
const ROOM = 4 * 2 ** 30;

/**
 * Where tests put what they write: into memory, where there is room. What they promise is about killed processes and not
 * about the disk, and many a promise has a time limit that a slow disk would exceed. TMPDIR goes before.
 */
function scratch(): string | undefined {
  if (process.env.TMPDIR !== undefined) return undefined;
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    if (bavail * bsize < ROOM) return undefined;
    const folder = mkdtempSync("/dev/shm/sojourn-test-");
    // Some servers run as a user of their own.
    chmodSync(folder, 0o755);
    return folder;
  } catch {
    return undefined;
  }
}

const memory = scratch();

/** The test files, as paths from the project's folder. */
function testFiles(): readonly string[] {
  return readdirSync(join(root, "test"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.test(-d)?\.ts$|\.mjs$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules"));
}

function title(name: string): void {
  console.log(`\n── ${name}`);
}

async function step(name: string, seconds: number, ...command: readonly [string, ...string[]]): Promise<void> {
  title(name);
  const [program, ...args] = command;
  const ran = await run(program, args, { seconds });
  if (!ran.ok) tally.fail(`${name}: ${ran.reason}`);
}

/** Runs projects of vitest.config.ts without the files that lack something. */
async function vitest(
  name: string,
  seconds: number,
  projects: readonly string[],
  without: readonly string[],
): Promise<void> {
  title(name);
  const report = join(reports, `${name}.json`);
  const args = [
    "run",
    ...projects.flatMap((project) => ["--project", project]),
    ...without.flatMap((file) => ["--exclude", file]),
    ...["--reporter=default", "--reporter=json", `--outputFile.json=${report}`, `--maxWorkers=${workers}`],
  ];
  const env = { CHROMIUM: chromium(), ...(memory !== undefined && { TMPDIR: memory }) };
  const failedBefore = tally.failed;
  const ran = await run(join(root, "node_modules/.bin/vitest"), args, { seconds, env });
  const reported = tally.addVitest(report);
  if (!ran.ok && (!reported || tally.failed === failedBefore)) tally.fail(`${name}: ${ran.reason}`);
}

async function runtimes(): Promise<void> {
  title("runtimes");
  try {
    for (const { name, passed, failed, skipped } of await runRuntimes()) {
      if (skipped !== undefined) tally.skip(`${name}: ${skipped}`);
      else if (failed > 0) tally.fail(name, failed);
      tally.passed += passed;
    }
  } catch (error) {
    tally.fail(`runtimes: ${(error as Error).message}`);
  }
}

/** What failed as a whole, what was skipped, and the closing line. */
function conclude(): void {
  const strict = process.env.CI === "true";
  for (const line of tally.failures) console.log(`failed: ${line}`);
  for (const line of tally.skips) console.log(`skipped: ${line}`);
  if (strict && tally.skipped > 0) console.log("CI=true: what is skipped counts as a failure.");
  console.log(String(tally));
  process.exitCode = tally.failed > 0 || (strict && tally.skipped > 0) || tally.passed === 0 ? 1 : 0;
}

const files = testFiles();
const missing = await provide(files);
const without: string[] = [];
for (const { need, reason, files: users } of missing) {
  console.log(`Could not get ${need.name}: ${reason}`);
  if (need.partial) continue;
  without.push(...users);
  tally.skip(`${users.join(", ")}: needs ${need.name}: ${reason}`, users.length);
}
const runnable = (folder: string): readonly string[] =>
  files.filter((file) => file.startsWith(folder) && !without.includes(file));
const has = (folder: string): boolean => runnable(folder).length > 0;
// Frameworks are large: they come while the other tests run.
const uninstalled = installFor(runnable("test/examples/"));

await step("type check", 300, "npm", "run", "--silent", "typecheck");
await vitest("tests", 3000, ["unit", "contracts", "properties", "scenarios", "types"], without);
await step("build", 300, "npm", "run", "--silent", "build");
await vitest("package", 600, ["package"], without);
if (has("test/frameworks/")) {
  await step("type check of frameworks", 120, "npx", "tsc", "-p", "test/frameworks");
  await vitest("frameworks", 600, ["frameworks"], without);
}
if (has("test/runtimes/")) await runtimes();
if (has("test/browser/")) await vitest("browser", 600, ["browser"], without);
for (const { file, reason } of await uninstalled) {
  without.push(file);
  tally.skip(`${file}: ${reason}`);
}
if (has("test/examples/")) await vitest("examples", 1200, ["examples"], without);

for (const folder of [reports, memory]) if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
console.log();
conclude();
