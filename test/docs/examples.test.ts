/** Every example of the documentation compiles and, unless it says otherwise, runs and gives what it says. */
import type { AddressInfo, Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { readManifest, subpaths } from "../../scripts/manifest.ts";
import { type Example, examplesOfMarkdown, examplesOfSource } from "./extract.ts";
import { markdownPages, sourceFiles } from "./pages.ts";
import { type Exported, exportsOf, publicSurface } from "./surface.ts";
import { compile, importTests, isTest, removeModules, run, specifiersOf, writeModules } from "./workshop.ts";

/** What must not pass: the checks are checked along with the rest. */
const WRONG = `
\`\`\`ts
const count: string = await session.update("count", (n = 0) => n + 1);
\`\`\`
\`\`\`ts
session.isNew; // → true
\`\`\`
\`\`\`ts
const seven = 3 + 3; // → 7
\`\`\`
\`\`\`ts
session.requireFresh("10m"); // throws SOJOURN_STALE_AUTHENTICATION
\`\`\`
\`\`\`ts
throw new Error("not what the page is about");
\`\`\`
`;

const wrong = examplesOfMarkdown("wrong.md", WRONG);
const examples = [
  ...markdownPages().flatMap(({ path, text }) => examplesOfMarkdown(path, text)),
  ...sourceFiles().flatMap(({ path, text }) => examplesOfSource(path, text)),
];
const place = ({ page, line }: Example): string => `${page}:${line}`;

/** What stands in for express-session has its names, which would hide ours. */
const surface = publicSurface().filter(({ file }) => file !== "src/adapters/express-session.ts");

/** A docstring need not import its own module, nor what the package exports; a page must say where a name is from. */
function ambientOf({ page }: Example): readonly Exported[] {
  if (!page.startsWith("src/")) return [];
  return [...new Map([...surface, ...exportsOf(page)].map((exported) => [exported.name, exported])).values()];
}

await writeModules([...examples, ...wrong], ambientOf);
afterAll(removeModules);
afterEach(() => vi.restoreAllMocks());

describe("compiles", () => {
  let faults: readonly string[] = [];
  beforeAll(() => {
    faults = compile();
  }, 120_000);

  test.each(examples.map((example) => [place(example), example] as const))("%s", (_, { page, line, code }) => {
    const lines = new Set(Array.from({ length: code.length + 2 }, (_, index) => `${page}:${line + index}`));
    expect(faults.filter((fault) => lines.has(/^[^:]*:\d+/.exec(fault)?.[0] ?? ""))).toEqual([]);
  });

  test("and a mistake is found, with its line", () => {
    expect(faults.filter((fault) => fault.startsWith("wrong.md"))).toEqual([
      expect.stringMatching(/^wrong\.md:3: TS2322: Type 'number' is not assignable to type 'string'/),
    ]);
  });

  test("with nothing imported that the package does not export", () => {
    const exported = new Set(subpaths(readManifest()).map(([subpath]) => subpath.replace(/^\./, "sojourn")));
    const ours = examples.flatMap(specifiersOf).filter(([specifier]) => /^sojourn(?:\/|$)/.test(specifier));
    expect(ours.filter(([specifier]) => !exported.has(specifier))).toEqual([]);
  });
});

describe("runs", () => {
  const runnable = examples.filter((example) => example.run && !isTest(example));

  test.each(runnable.map((example) => [place(example), example] as const))("%s", async (_, example) => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    await run(example);
  });

  test("and an example that is not true is found", async () => {
    const outcomes = await wrong.slice(1).reduce<Promise<string[]>>(async (before, example) => {
      const outcome = await run(example).then(
        () => "passed",
        (error: Error) => error.message,
      );
      return [...(await before), outcome];
    }, Promise.resolve([]));
    expect(outcomes).toEqual([
      "wrong.md:6: found something else than the page says",
      "wrong.md:9: found something else than the page says",
      "wrong.md:12: expected SOJOURN_STALE_AUTHENTICATION, found no error",
      "not what the page is about",
    ]);
  });

  test("as a program: the one in README.md counts, and keeps the count at login", async () => {
    const program = examples.find(
      ({ page, code }) => page === "README.md" && code.some((line) => /listen\(/.test(line)),
    );
    await run(program as Example, async ([server]) => {
      const { port } = (server as Server).address() as AddressInfo;
      const ask = (path: string, cookie: string, method = "GET"): Promise<Response> =>
        fetch(`http://localhost:${port}${path}`, {
          method,
          headers: { cookie, origin: `http://localhost:${port}` },
          redirect: "manual",
        });
      const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
      const first = await ask("/", "");
      expect(await first.text()).toBe("Hello: 1");
      const login = await ask("/login", cookieOf(first), "POST");
      expect([login.status, login.headers.get("location")]).toEqual([303, "/"]);
      expect(await (await ask("/", cookieOf(login))).text()).toBe("ann: 2");
      // The replaced id is worth nothing, and what it writes is not kept.
      expect((await ask("/", cookieOf(first))).status).toBe(409);
    });
  });
});

// Examples that are test files: their tests are run here, as they would be in an application.
for (const example of examples.filter(isTest)) await importTests(example);
