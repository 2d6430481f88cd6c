/** `npm install express-session@npm:@sojourn/express-session sojourn`, done: what looks it up by that name gets ours. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as spawned } from "../../scripts/run.ts";

const root = new URL("../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "sojourn-alias-"));
const packed = mkdtempSync(join(tmpdir(), "sojourn-packed-"));

/** A registry that has the two packages as they are packed now, and nothing else. */
function registry(): Server {
  const packages = [root, join(root, "packages/express-session")].map((path) => {
    const args = ["pack", "--json", "--ignore-scripts", "--loglevel", "error", "--pack-destination", packed];
    const [{ filename, integrity }] = JSON.parse(execFileSync("npm", args, { cwd: path, encoding: "utf8" }));
    const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    return { manifest, integrity, file: `/${String(filename).replace(/^@|\//g, "")}`, tarball: join(packed, filename) };
  });
  return createServer(({ url = "", headers }, res) => {
    const asked = decodeURIComponent(url.slice(1));
    const found = packages.find(({ manifest, file }) => manifest.name === asked || file === url);
    if (!found) return void res.writeHead(404).end("{}");
    if (found.file === url) return void res.end(readFileSync(found.tarball));
    const { name, version } = found.manifest;
    const dist = { integrity: found.integrity, tarball: `http://${headers.host}${found.file}` };
    const versions = { [version]: { ...found.manifest, dist } };
    res.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
  });
}

beforeAll(async () => {
  const server = registry();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const flags = [
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--fetch-retries",
    "0",
    "--cache",
    join(packed, "cache"),
  ];
  const from = ["--registry", `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
  const names = ["express-session@npm:@sojourn/express-session", "sojourn"];
  const ran = await spawned("npm", ["install", ...flags, ...from, ...names], {
    cwd: folder,
    seconds: 120,
    quiet: true,
  });
  server.close();
  expect(ran.ok, ran.output).toBe(true);
  for (const name of ["connect-redis", "connect-redis-10", "connect-pg-simple", "pg"]) {
    if (name === "pg") symlinkSync(join(root, "node_modules/pg"), join(folder, "node_modules/pg"));
    else cpSync(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  }
}, 180_000);
afterAll(() => {
  for (const each of [folder, packed]) rmSync(each, { recursive: true, force: true });
});

function run(name: string, code: string): unknown {
  writeFileSync(join(folder, name), code);
  return JSON.parse(
    execFileSync(process.execPath, [name], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
}

test("import and require give the function with its classes", () => {
  const shape = ["function", "function", "function", "function", "function"];
  expect(
    run(
      "shape.cjs",
      `const s = require("express-session");
       console.log(JSON.stringify([s, s.Store, s.MemoryStore, s.Session, s.Cookie].map((each) => typeof each)));`,
    ),
  ).toEqual(shape);
  expect(
    run(
      "shape.mjs",
      `import s, { Cookie, MemoryStore, Session, Store } from "express-session";
       console.log(JSON.stringify([s, Store, MemoryStore, Session, Cookie].map((each) => typeof each)));`,
    ),
  ).toEqual(shape);
});

test("stores that find it by its name extend our class, in both module systems", () => {
  expect(
    run(
      "stores.mjs",
      `import { createRequire } from "node:module";
       import session from "express-session";
       import { RedisStore } from "connect-redis";
       import { RedisStore as Ten } from "connect-redis-10";
       const require = createRequire(import.meta.url);
       const Postgres = require("connect-pg-simple")(require("express-session"));
       const ours = require("sojourn/express-session");
       const made = [new RedisStore({ client: {} }), new Ten({ client: {} }), new Postgres({ pool: {}, pruneSessionInterval: false }),
         new (require("connect-redis").RedisStore)({ client: {} })];
       console.log(JSON.stringify([session === ours, ...made.map((store) => store instanceof ours.Store)]));`,
    ),
  ).toEqual([true, true, true, true, true]);
});
