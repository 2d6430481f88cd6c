/** The SQLite store in a bundle: its drivers are seen, and forgiven when they are not installed. */
import { join } from "node:path";
import { build, type Format } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../../../scripts/run.ts";

async function bundled(format: Format, external: readonly string[]) {
  return build({
    entryPoints: [join(root, "src/stores/sqlite.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format,
    metafile: true,
    tsconfigRaw: "{}",
    external: [...external],
    logLevel: "silent",
  });
}

test.each(["esm", "cjs"] as const)(
  "as %s it has no warnings, and a driver that is not installed breaks nothing",
  async (format) => {
    // better-sqlite3 is not among the dependencies of this project.
    const { warnings, outputFiles } = await bundled(format, ["libsql"]);
    expect(warnings).toEqual([]);
    // Jest and others run modules as CommonJS, where there is no such thing.
    expect(outputFiles[0]?.text).not.toContain("import.meta");
  },
);

test("bundlers and file tracers see both drivers that are packages", async () => {
  const { metafile } = await bundled("esm", ["libsql", "better-sqlite3"]);
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const seen = imports.filter(({ external, kind }) => external && kind === "dynamic-import").map(({ path }) => path);
  expect(seen.sort()).toEqual(["better-sqlite3", "libsql"]);
});
