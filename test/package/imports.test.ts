/** What comes along with an import: each entry is bundled, and the modules in the bundle are looked at. */
import { build, type Metafile } from "esbuild";
import { expect, test } from "vitest";
import { pending, readManifest, subpaths } from "../../scripts/manifest.ts";

const root = new URL("../..", import.meta.url).pathname;
const manifest = readManifest();
const missing = pending(manifest);
const present = subpaths(manifest)
  .map(([subpath]) => subpath)
  .filter((subpath) => !missing.includes(subpath));

type Platform = "node" | "workers";

const conditions: Record<Platform, string[]> = { node: ["node"], workers: ["workerd", "worker", "browser"] };

/** The modules of dist that an entry pulls in, and the packages and platform modules that it names. */
async function graph(subpath: string, platform: Platform): Promise<{ modules: string[]; outside: string[] }> {
  const { metafile } = await build({
    stdin: { contents: `export * from "${subpath.replace(/^\./, manifest.name)}";`, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    // Without it, the paths of tsconfig.json would lead to the sources.
    tsconfigRaw: "{}",
    format: "esm",
    metafile: true,
    logLevel: "silent",
    conditions: conditions[platform],
    external: ["node:*", "bun:*", ...Object.keys(manifest.peerDependencies), ...Object.keys(manifest.devDependencies)],
  });
  return { modules: modulesOf(metafile), outside: outsideOf(metafile) };
}

const modulesOf = ({ inputs }: Metafile): string[] => Object.keys(inputs).filter((path) => path !== "<stdin>");

const outsideOf = ({ inputs }: Metafile): string[] => [
  ...new Set(
    Object.values(inputs).flatMap((input) => input.imports.filter((one) => one.external).map((one) => one.path)),
  ),
];

/** What an entry may reach beyond the core, as beginnings of paths; the core is everything that is in none of these. */
const apart =
  /^dist\/(stores\/(?!store\.js)|adapters\/|testing\/|cli\/|codec\/(devalue|cbor|xml)|transport\/(header|url)\.js)/;
const reach: Record<string, readonly string[]> = {
  "./stores": ["dist/stores/"],
  "./stores/memory": ["dist/stores/memory", "dist/stores/parts/"],
  "./stores/file": ["dist/stores/file", "dist/stores/parts/"],
  "./stores/sqlite": ["dist/stores/sqlite", "dist/stores/sql/", "dist/stores/parts/"],
  "./stores/postgres": ["dist/stores/postgres", "dist/stores/parts/"],
  "./stores/redis": ["dist/stores/redis", "dist/stores/parts/"],
  "./stores/mysql": ["dist/stores/mysql", "dist/stores/parts/"],
  "./stores/memcached": ["dist/stores/memcached", "dist/stores/parts/"],
  "./stores/keyv": ["dist/stores/keyv", "dist/stores/plain/", "dist/stores/parts/"],
  "./stores/unstorage": ["dist/stores/unstorage", "dist/stores/plain/", "dist/stores/parts/"],
  "./stores/express-session": ["dist/stores/express-session", "dist/stores/plain/", "dist/stores/parts/"],
  "./stores/cloudflare": ["dist/stores/cloudflare", "dist/stores/sql/", "dist/stores/parts/"],
  "./stores/cached": ["dist/stores/cached", "dist/stores/parts/"],
  "./stores/migrating": ["dist/stores/migrating", "dist/stores/parts/"],
  "./codecs/json": [],
  "./codecs/devalue": ["dist/codec/"],
  "./codecs/cbor": ["dist/codec/"],
  "./codecs/xml": ["dist/codec/"],
  "./transports/header": ["dist/transport/"],
  "./transports/url": ["dist/transport/"],
  "./fetch": ["dist/adapters/"],
  "./node": ["dist/adapters/"],
  "./express": ["dist/adapters/"],
  "./express-session": ["dist/adapters/"],
  "./hono": ["dist/adapters/"],
  "./testing": ["dist/testing/"],
};

/** The packages and platform modules that an entry may name on any platform; the others run anywhere. */
const outsideOfEntry: Record<string, RegExp> = {
  "./stores": /^(node:|bun:sqlite$|libsql$|better-sqlite3$|redis$|ioredis$|pg$|postgres$|mysql2)/,
  "./stores/file": /^node:/,
  "./stores/sqlite": /^(node:|bun:sqlite$|libsql$|better-sqlite3$)/,
  "./stores/redis": /^(redis|ioredis)$/,
  "./stores/postgres": /^(pg|postgres)$/,
  "./stores/mysql": /^mysql2\/promise$/,
  "./stores/memcached": /^(node:net|memcache)$/,
  "./codecs/devalue": /^devalue$/,
  "./codecs/cbor": /^cbor-x$/,
  "./codecs/xml": /^fast-xml-parser$/,
  "./node": /^node:/,
  "./express": /^node:/,
  "./express-session": /^node:/,
};

test.each(present)("%s brings along nothing of another entry", async (subpath) => {
  const { modules } = await graph(subpath, "node");
  expect(modules.length).toBeGreaterThan(0);
  const allowed = reach[subpath] ?? [];
  expect(modules.filter((path) => apart.test(path) && !allowed.some((start) => path.startsWith(start)))).toEqual([]);
});

test.each(present)("%s names no package or platform module that it may not, on Workers", async (subpath) => {
  const { modules, outside } = await graph(subpath, "workers");
  expect(outside.filter((path) => !outsideOfEntry[subpath]?.test(path))).toEqual([]);
  expect(modules).not.toContain("dist/crypto/node.js");
});

test.each(present)("%s takes the platform's own cryptography on Node", async (subpath) => {
  const { modules, outside } = await graph(subpath, "node");
  expect(modules).not.toContain("dist/crypto/web.js");
  const strangers = outside.filter(
    (path) => !/^node:(crypto|buffer)$/.test(path) && !outsideOfEntry[subpath]?.test(path),
  );
  expect(strangers).toEqual([]);
});
