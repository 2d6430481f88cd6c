/** packages/express-session under the name of express-session: what looks it up by that name gets ours. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "sojourn-alias-"));

beforeAll(() => {
  mkdirSync(join(folder, "node_modules"));
  cpSync(join(root, "packages/express-session"), join(folder, "node_modules/express-session"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/sojourn"));
  for (const name of ["connect-redis", "connect-redis-10", "connect-pg-simple", "pg"]) {
    if (name === "pg") symlinkSync(join(root, "node_modules/pg"), join(folder, "node_modules/pg"));
    else cpSync(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
