/** The applications that docs/frameworks prints run as they stand, over the packed package: they count, log in, and keep the count. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CookieJar } from "tough-cookie";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../scripts/run.ts";
import { type StagedPackage, stagePackage } from "../../scripts/staged-package.ts";

/** Those whose framework is installed for the tests of the project itself. */
const pages = ["express", "fastify", "koa", "hono", "node"];
const packages = ["express", "fastify", "koa", "hono", "@hono/node-server", "libsql", "@libsql"];

/** The page says port 3000, which somebody else may have: any other is taken, and told. */
const FREE_PORT = `
import { Server } from "node:net";
const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  if (typeof args[0] === "object") args[0] = { ...args[0], port: 0 };
  else args[0] = 0;
  this.once("listening", () => console.log("PORT " + this.address().port));
  return listen.apply(this, args);
};
`;

let staged: StagedPackage;
const running: ChildProcess[] = [];

beforeAll(async () => {
  staged = await stagePackage();
  for (const name of packages) {
    const link = join(staged.app, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    if (existsSync(join(root, "node_modules", name))) symlinkSync(join(root, "node_modules", name), link);
  }
  writeFileSync(join(staged.app, "free-port.mjs"), FREE_PORT);
});

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  staged.remove();
});

/** Starts what the page calls server.js, in a folder of its own. */
async function start(page: string): Promise<string> {
  const text = readFileSync(join(root, `docs/frameworks/${page}.md`), "utf8");
  const code = /^```js\n\/\/ server\.js\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? "";
  const folder = join(staged.app, page);
  mkdirSync(folder);
  writeFileSync(join(folder, "server.js"), code);
  const env = { ...process.env, NODE_ENV: "development" };
  const child = spawn(process.execPath, ["--import", "../free-port.mjs", "server.js"], { cwd: folder, env });
  running.push(child);
  let output = "";
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const ended = once(child, "exit").then(() => {
    throw new Error(`docs/frameworks/${page}.md: server.js ended\n${output}`);
  });
  const told = new Promise<string>((resolve) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const port = /^PORT (\d+)$/m.exec(output)?.[1];
      if (port) resolve(`http://localhost:${port}`);
    });
  });
  ended.catch(() => {});
  return Promise.race([told, ended]);
}

test.each(pages)("docs/frameworks/%s.md counts, logs in and keeps the count", async (page) => {
  const origin = await start(page);
  const jar = new CookieJar();
  const visit = async (path: string, method = "GET"): Promise<Response> => {
    const headers = { cookie: await jar.getCookieString(origin), origin };
    const answer = await fetch(origin + path, { method, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) await jar.setCookie(line, origin);
    return answer;
  };
  expect(await (await visit("/")).text()).toBe("Hello: 1");
  expect(await (await visit("/")).text()).toBe("Hello: 2");
  expect((await visit("/login", "POST")).status).toBe(303);
  expect(await (await visit("/")).text()).toBe("ann: 3");
});
