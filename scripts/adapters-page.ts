/**
 * Writes docs/adapters.md from what the suites over all adapters say: runs them, and puts what passed into a table.
 *
 *   npm run docs:adapters
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { columns, type Note, notes, rows } from "./adapters-table.ts";
import { root, run } from "./run.ts";

const PAGE = "docs/adapters.md";

const HEAD = `# What every adapter keeps

One suite runs over every adapter for HTTP, with a cookie jar and a store whose calls a test can hold or break. This table is made from its
results by \`npm run docs:adapters\`; a test refuses one that is older than the suite. Each line names what a client may rely on; the tests are in
\`test/support/adapter-suites\`.

`;

const TAIL = `
Fetch is \`sessions.handle\` and \`sojourn/fetch\`, \`node:http\` is \`sojourn/node\` with both of its functions, over HTTP/1.1 and HTTP/2. The two adapters that
[writing an adapter](writing-an-adapter.md) prints pass the same suite. What is particular to a framework (its error pages, its ways to answer) has tests of
its own beside it in \`test/scenarios/adapters\` and \`test/frameworks\`; Next.js, SvelteKit and React Router are driven in a browser, in \`test/examples\`;
sockets, tRPC, GraphQL Yoga and AWS Lambda have no table, and tests with the real packages.
`;

interface Assertion {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
}

/** What the runner reports of a test: whose, which, and how it ended. */
export type Results = ReadonlyMap<string, ReadonlyMap<string, boolean>>;

/** The suites call an adapter by its name, and what they are about after a comma of theirs. */
const adapterOf = (title: string): string => title.replace(/, (?:guarantees|over real connections)$/, "");

export function resultsOf(assertions: readonly Assertion[]): Results {
  const results = new Map<string, Map<string, boolean>>();
  for (const { ancestorTitles, title, status } of assertions) {
    const adapter = adapterOf(ancestorTitles[0] ?? "");
    const found = results.get(adapter) ?? new Map<string, boolean>();
    results.set(adapter, found.set(title, status === "passed" && found.get(title) !== false));
  }
  return results;
}

/** The cell of a column in a row: every adapter of it that has the tests passes them, and one has them. */
function cellOf(results: Results, adapters: readonly string[], tests: readonly string[], note?: Note): string {
  const having = adapters.filter((adapter) => tests.every((test) => results.get(adapter)?.has(test)));
  const failed = having.filter((adapter) => tests.some((test) => !results.get(adapter)?.get(test)));
  if (failed.length > 0) throw new Error(`${failed.join(", ")}: ${tests.join(", ")} did not pass`);
  if (having.length > 0) return "yes";
  if (!note) throw new Error(`${adapters.join(", ")}: nobody says why there is no test "${tests.join('", "')}"`);
  return `– [${notes.indexOf(note) + 1}]`;
}

export function adaptersPage(results: Results): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = [
    line(["", ...columns.map(({ title }) => title)]),
    line(["---", ...columns.map(() => "---")]),
    ...rows.map(({ title, tests, without }) =>
      line([title, ...columns.map((column) => cellOf(results, column.adapters, tests, without?.(column.title)))]),
    ),
  ];
  const said = notes.map(({ text }, index) => `[${index + 1}] ${text}`);
  return `${HEAD}${table.join("\n")}\n\n${said.join("\n\n")}\n${TAIL}\n<!-- of the suite ${suiteMark()} -->\n`;
}

/** What the table depends on: which suites are run with whom, and its lines and columns. */
export function suiteMark(): string {
  const hash = createHash("sha256");
  for (const folder of ["test/scenarios/adapters", "test/frameworks"]) {
    const files = readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts"));
    for (const file of files.sort()) {
      const text = readFileSync(join(root, folder, file), "utf8");
      for (const [found] of text.matchAll(/\b(?:requests|crossSite|connections|guarantees)\(.*/g))
        hash.update(`${found}\n`);
    }
  }
  hash.update(JSON.stringify([rows.map(({ title, tests }) => [title, tests]), columns, notes, HEAD, TAIL]));
  return hash.digest("base64url").slice(0, 16);
}

async function measured(): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), "sojourn-adapters-"));
  try {
    const report = join(folder, "report.json");
    const places = ["test/scenarios/adapters", "test/frameworks/express4", "test/frameworks/h3"];
    const args = ["--project", "scenarios", "--project", "frameworks", "--reporter=json", `--outputFile=${report}`];
    const files = [...places, "test/frameworks/elysia", "test/frameworks/nest"];
    await run("npx", ["vitest", "run", ...args, ...files], { seconds: 900, quiet: true });
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
      readonly testResults: readonly { readonly assertionResults: readonly Assertion[] }[];
    };
    return resultsOf(testResults.flatMap(({ assertionResults }) => assertionResults));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, PAGE), adaptersPage(await measured()));
  console.log(`${PAGE} is written.`);
}
