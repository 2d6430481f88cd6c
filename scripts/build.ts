/**
 * Builds the package: the sources, by rooms, as a few modules with source maps, and their declarations.
 *
 * The number of files is what an import costs (65 small ones took twice the time of these), so modules that are always
 * loaded together are put into one. Names and paths of the entries are those of package.json.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OutputOptions, rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { readManifest, sourceOf, subpaths } from "./manifest.ts";
import { root } from "./run.ts";

const manifest = readManifest();
const dist = join(root, "dist");

/** What package.json leads to, by the path below dist and without an ending. */
const entriesOf = (files: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    [...new Set(files)].map((file) => [file.replace(/^\.\/dist\/|\.js$/g, ""), join(root, sourceOf(file))]),
  );

const exported = subpaths(manifest).map(([, target]) => target.default);
const inner = [...Object.values(manifest.imports["#crypto"] ?? {}), ...Object.values(manifest.bin ?? {})];

/** `#crypto` is for package.json to resolve, where it runs; a driver's package and Node's modules are there or not. */
const external = (id: string): boolean => !id.startsWith(".") && !id.startsWith("/");

/** What is always loaded together, each as one module. The first that fits takes the file. */
const rooms: readonly (readonly [name: string, files: RegExp])[] = [
  ["base", /\/src\/(?:awaitable|errors|clock|record|attached-map|duration|stores\/store)(?:\.d)?\.ts$/],
  // One of its two platforms is loaded, by the condition of `#crypto`.
  ["crypto", /\/src\/crypto\/(?!(?:node|web)\.)/],
  ["store-parts", /\/src\/stores\/parts\//],
  ["plain-stores", /\/src\/stores\/plain\//],
  ["sqlite-stores", /\/src\/stores\/sql\/sqlite-/],
  ["sql-stores", /\/src\/stores\/sql\//],
  // The transports that an application asks for by name are entries of their own.
  // Parts of a request are for the few adapters that have them.
  [
    "core",
    /\/src\/(?:[\w-]+(?:\.d)?\.ts$|(?:config|request(?!\/part\.)|session|record|token|csrf)\/|codec\/(?:json|codec|fault)\.|transport\/(?!(?:header|url)\.))/,
  ],
];

/** What several entries share of the rest, by the folder that it is in or begins: "stores-postgres", "adapters-node". */
const folderOf = (file: string): string | null => /\/src\/([^/]+\/[^/.]+)/.exec(file)?.[1]?.replace("/", "-") ?? null;

const modules: OutputOptions = {
  dir: dist,
  format: "esm",
  sourcemap: true,
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name].js",
  // They are in the source maps, with the sources.
  comments: { legal: false, annotation: true, jsdoc: false },
  codeSplitting: {
    groups: [
      ...rooms.map(([name, test], index) => ({ name, test, priority: 1 + rooms.length - index })),
      { debugName: "folders", name: folderOf, minShareCount: 2, priority: 0 },
    ],
  },
};

rmSync(dist, { recursive: true, force: true });
const code = await rolldown({
  input: entriesOf([...exported, ...inner]),
  external,
  tsconfig: false,
});
await code.write(modules);
await code.close();

const types = await rolldown({
  checks: { pluginTimings: false },
  input: entriesOf(exported),
  external,
  plugins: [dts({ dtsOnly: true, generator: "oxc", tsconfig: "tsconfig.build.json" })],
});
const names = { entryFileNames: "[name].d.ts", chunkFileNames: "chunks/[name].d.ts" };
const { output } = await types.write({ ...modules, ...names, sourcemap: false });
await types.close();

// CommonJS loads the same modules (`require` of Node 20.19 and later). A compiler that is set to "node16" does not know that,
// and refuses declarations of an ES module there, so it gets the same ones under a name for CommonJS.
for (const file of output) {
  if (file.type !== "chunk") continue;
  const text = file.code.replace(/(["']\.{1,2}\/[^"']*)\.js(["'])/g, "$1.cjs$2");
  writeFileSync(join(dist, file.fileName.replace(/\.d\.ts$/, ".d.cts")), asOneValue(text));
}

/** The declarations of a module that `require` gives as one value: nothing is exported beside it. */
function asOneValue(text: string): string {
  const value = /^export \{ (\w+) as default, \1 as "module\.exports" \};?$/m.exec(text);
  if (!value) return text;
  return text
    .replace(value[0], `export = ${value[1]};`)
    .replace(/^export (?=declare |type |interface )/gm, "")
    .replace(/^import (\w+) from ("[^"]+")/gm, "import $1 = require($2)");
}
