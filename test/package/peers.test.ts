/**
 * `npm install sojourn` goes through beside any version of a driver or framework that a project may have, for the others
 * of our peers than the one it uses are none of its business. Whether a driver is one that works is asked where it is used.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readManifest } from "../../scripts/manifest.ts";
import { root, run } from "../../scripts/run.ts";

const manifest = readManifest();
const folder = mkdtempSync(join(tmpdir(), "sojourn-peers-"));
const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`);

beforeAll(async () => {
  const args = ["pack", "--ignore-scripts", "--pack-destination", folder, "--loglevel", "error"];
  expect(await run("npm", args, { cwd: root, seconds: 100, quiet: true })).toMatchObject({ ok: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What strangers' projects have, old and new; nothing of it is downloaded, for it counts by its manifest alone. */
const projects: readonly Record<string, string>[] = [
  { redis: "4.7.1" },
  { redis: "6.3.1" },
  { ioredis: "4.28.5" },
  { ioredis: "5.9.0" },
  { "better-sqlite3": "9.6.0" },
  { "better-sqlite3": "11.10.0" },
  { "better-sqlite3": "13.0.0" },
  { mysql2: "2.3.3" },
  { devalue: "5.6.0" },
  { hono: "3.12.12" },
  { "cbor-x": "1.5.9", "fast-xml-parser": "4.5.3", libsql: "0.4.7", pg: "8.4.0", postgres: "3.3.5" },
  // unstorage itself wants ioredis 5: beside 6 npm refuses with or without us.
  { unstorage: "1.17.6", ioredis: "5.9.0" },
  {
    redis: "4.7.1",
    ioredis: "4.28.5",
    mysql2: "2.3.3",
    hono: "3.12.12",
    devalue: "5.6.0",
    "better-sqlite3": "11.10.0",
  },
];

/** What npm looks at of other packages beside their version. */
const extra: Record<string, object> = {
  unstorage: { peerDependencies: { ioredis: "^5.4.2" }, peerDependenciesMeta: { ioredis: { optional: true } } },
};

test.each(
  projects.map(
    (has) =>
      [
        Object.entries(has)
          .map((each) => each.join(" "))
          .join(", "),
        has,
      ] as const,
  ),
)("npm installs it beside %s", async (title, dependencies) => {
  const app = join(folder, title.replace(/\W/g, "-").slice(0, 60));
  for (const [name, version] of Object.entries(dependencies)) {
    mkdirSync(join(app, "node_modules", name), { recursive: true });
    const found = { name, version, ...extra[name] };
    writeFileSync(join(app, "node_modules", name, "package.json"), JSON.stringify(found));
  }
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, dependencies }));
  const args = ["install", tarball, "--dry-run", "--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  const { ok, output } = await run("npm", args, { cwd: app, seconds: 100, quiet: true });
  expect(output).not.toContain("ERESOLVE");
  expect(ok, output).toBe(true);
});
