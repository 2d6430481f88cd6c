/** What comes along with an import: each entry is bundled, and the sources of what is in the bundle are looked at. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
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

/** The sources that an entry pulls in, and the packages and platform modules that it names. */
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

/** A module of dist is made of several sources; its map names them. */
const modulesOf = ({ inputs }: Metafile): string[] =>
  Object.keys(inputs)
    .filter((path) => path !== "<stdin>")
    .flatMap((path) => {
      const text = readFileSync(join(root, path), "utf8");
      if (!text.includes("sourceMappingURL")) return [];
      const { sources } = JSON.parse(readFileSync(join(root, `${path}.map`), "utf8")) as { sources: string[] };
      return sources.map((source) => relative(root, join(root, dirname(path), source)));
    });

const outsideOf = ({ inputs }: Metafile): string[] => [
  ...new Set(
    Object.values(inputs).flatMap((input) => input.imports.filter((one) => one.external).map((one) => one.path)),
  ),
];

/** What an entry may reach beyond the core, as beginnings of paths; the core is everything that is in none of these. */
const apart =
  /^src\/(stores\/(?!store\.ts)|adapters\/|client\/|migrate\/|testing\/|cli\/|codec\/(devalue|cbor|xml)|transport\/(header|url)\.ts)/;
const reach: Record<string, readonly string[]> = {
  "./stores": ["src/stores/"],
  "./stores/memory": ["src/stores/memory", "src/stores/parts/"],
  "./stores/file": ["src/stores/file", "src/stores/parts/"],
  "./stores/sqlite": ["src/stores/sqlite", "src/stores/sql/", "src/stores/parts/"],
  "./stores/postgres": ["src/stores/postgres", "src/stores/sql/", "src/stores/parts/"],
  "./stores/redis": ["src/stores/redis", "src/stores/parts/"],
  "./stores/mysql": ["src/stores/mysql", "src/stores/sql/", "src/stores/parts/"],
  "./stores/memcached": ["src/stores/memcached", "src/stores/parts/"],
  "./stores/keyv": ["src/stores/keyv", "src/stores/plain/", "src/stores/parts/"],
  "./stores/unstorage": ["src/stores/unstorage", "src/stores/plain/", "src/stores/parts/"],
  "./stores/express-session": ["src/stores/express-session", "src/stores/plain/", "src/stores/parts/"],
  "./stores/cloudflare": ["src/stores/cloudflare", "src/stores/sql/", "src/stores/parts/"],
  "./stores/cached": ["src/stores/cached", "src/stores/parts/"],
  "./stores/migrating": ["src/stores/migrating", "src/stores/parts/"],
  "./codecs/json": [],
  "./codecs/devalue": ["src/codec/"],
  "./codecs/cbor": ["src/codec/"],
  "./codecs/xml": ["src/codec/"],
  "./transports/header": ["src/transport/"],
  "./transports/url": ["src/transport/"],
  "./adapter": ["src/adapters/"],
  "./context": ["src/adapters/"],
  "./endpoint": ["src/adapters/"],
  "./client": ["src/client/"],
  "./client/hooks": ["src/client/"],
  "./fetch": ["src/adapters/"],
  "./node": ["src/adapters/"],
  "./express": ["src/adapters/"],
  "./express-session": ["src/adapters/", "src/stores/express-session", "src/stores/plain/", "src/stores/parts/"],
  "./passport": ["src/adapters/"],
  "./migrate": ["src/migrate/"],
  "./hono": ["src/adapters/"],
  "./fastify": ["src/adapters/"],
  "./h3": ["src/adapters/"],
  "./nest": ["src/adapters/"],
  "./elysia": ["src/adapters/"],
  "./trpc": ["src/adapters/"],
  "./yoga": ["src/adapters/"],
  "./ws": ["src/adapters/"],
  "./socket.io": ["src/adapters/"],
  "./koa": ["src/adapters/"],
  "./sveltekit": ["src/adapters/"],
  "./aws-lambda": ["src/adapters/"],
  "./next": ["src/adapters/"],
  "./react-router": ["src/adapters/"],
  "./astro": ["src/adapters/"],
  "./nuxt": ["src/adapters/"],
  "./tanstack-start": ["src/adapters/"],
  "./devices": ["src/adapters/"],
  "./testing": ["src/testing/"],
};

/** The packages and platform modules that an entry may name on any platform; the others run anywhere. */
const outsideOfEntry: Record<string, RegExp> = {
  "./stores": /^(node:|bun:sqlite$|libsql$|better-sqlite3$|redis$|ioredis$|iovalkey$|pg$|postgres$|mysql2)/,
  "./stores/file": /^node:/,
  "./stores/sqlite": /^(node:|bun:sqlite$|libsql$|better-sqlite3$)/,
  "./stores/redis": /^(redis|ioredis|iovalkey)$/,
  "./stores/postgres": /^(pg|postgres)$/,
  "./stores/mysql": /^mysql2\/promise$/,
  "./stores/memcached": /^(node:net|memcache)$/,
  "./codecs/devalue": /^devalue$/,
  "./codecs/cbor": /^cbor-x$/,
  "./codecs/xml": /^fast-xml-parser$/,
  "./devices": /^bowser$/,
  "./context": /^node:async_hooks$/,
  "./sveltekit": /^node:async_hooks$/,
  "./node": /^node:/,
  "./express": /^node:/,
  "./express-session": /^node:/,
  "./passport": /^node:/,
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
  expect(modules).not.toContain("src/crypto/node.ts");
});

test.each(present)("%s takes the platform's own cryptography on Node", async (subpath) => {
  const { modules, outside } = await graph(subpath, "node");
  expect(modules).not.toContain("src/crypto/web.ts");
  const strangers = outside.filter(
    (path) => !/^node:(crypto|buffer)$/.test(path) && !outsideOfEntry[subpath]?.test(path),
  );
  expect(strangers).toEqual([]);
});
