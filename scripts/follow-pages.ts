/**
 * Follows pages of docs/frameworks word by word, each from an empty folder: runs what they run, writes the files that
 * they print, and visits what they say. Only `sojourn` itself is the packed tarball, of `npm run build`.
 *
 *   npm run docs:follow [-- express nest]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { root, run } from "./run.ts";

const PAGES = ["express", "hono", "fastify", "nest", "koa", "node", "elysia", "h3"];
const ORIGIN = "http://localhost:3000";

type Step =
  | { readonly kind: "run"; readonly line: string; readonly said?: string | undefined }
  | { readonly kind: "write"; readonly file: string; readonly text: string };

/** What the section "Five minutes from an empty folder" says to do, in its order. */
export function stepsOf(page: string): Step[] {
  const section = /\n## Five minutes from an empty folder\n([\s\S]*?)(?=\n## )/.exec(page)?.[1] ?? "";
  const steps: Step[] = [];
  let words = "";
  for (const part of section.split(/^(```[\s\S]*?^```$)/m)) {
    const block = /^```(\w+)\n([\s\S]*?)```$/.exec(part);
    if (!block) {
      words = part;
      const started = /`(npm start)`, and open/.exec(part)?.[1];
      if (started) steps.push({ kind: "run", line: started });
      continue;
    }
    const [, language, text = ""] = block;
    if (language === "sh") {
      const lines = text.split("\n").filter((line) => line.trim() !== "");
      steps.push(...lines.map(commandOf));
    } else {
      const file = /^\/\/ ([\w./-]+)\n/.exec(text)?.[1] ?? [...words.matchAll(/`([\w./-]+\.\w+)`/g)].at(-1)?.[1];
      // What belongs to no file is an example of something else.
      if (file?.includes(".") && !steps.some((step) => step.kind === "write" && step.file === file))
        steps.push({ kind: "write", file, text });
    }
  }
  return steps;
}

/** Behind a `curl` the page says what it answers. */
function commandOf(text: string): Step {
  const [line = "", comment] = text.split(/\s+#\s*/);
  return { kind: "run", line: line.trim(), said: line.startsWith("curl ") ? comment?.trim() : undefined };
}

const starts = (line: string): boolean => /^(?:node \S+\.js|npm start)$/.test(line);

/** Does the steps in a folder, those after the server's start beside it. */
async function follow(page: string, home: string, tarball: string, started: ChildProcess[]): Promise<void> {
  let cwd = home;
  // Whoever is asked whether a package may be fetched says yes.
  const env = { NODE_ENV: undefined, SOJOURN_SECRET: undefined, npm_config_yes: "true" };
  for (const step of stepsOf(readFileSync(join(root, `docs/frameworks/${page}.md`), "utf8"))) {
    if (step.kind === "write") {
      mkdirSync(dirname(join(cwd, step.file)), { recursive: true });
      writeFileSync(join(cwd, step.file), step.text);
      continue;
    }
    console.log(`  ${step.line}`);
    if (starts(step.line)) {
      const environment = { ...process.env, ...env } as NodeJS.ProcessEnv;
      const stdio = ["ignore", "ignore", "inherit"] as const;
      const server = spawn("bash", ["-c", `exec ${step.line}`], {
        cwd,
        detached: true,
        stdio: [...stdio],
        env: environment,
      });
      started.push(server);
      await answering(server);
      continue;
    }
    const line = step.line.replace(/^(npm install) sojourn\b/, `$1 ${tarball}`);
    const ran = await run("bash", ["-c", `${line} || exit 1`], { cwd, seconds: 900, quiet: true, env });
    if (!ran.ok) throw new Error(`${step.line}: ${ran.reason}\n${ran.output}`);
    if (step.said !== undefined && ran.output.trim() !== step.said)
      throw new Error(`${step.line}: found ${ran.output.trim()}, and the page says ${step.said}`);
    const folder = /\bcd (\S+)$/.exec(line)?.[1];
    if (folder) cwd = join(cwd, folder);
  }
  if (started.length === 0) throw new Error("the page starts no server");
}

async function answering(server: ChildProcess): Promise<void> {
  for (let tries = 0; !(await fetch(ORIGIN).catch(() => undefined)); tries++) {
    if (server.exitCode !== null || tries > 1200) throw new Error("the server does not answer");
    await wait(100);
  }
}

/** As a browser would: count twice, log in, and count on as somebody. */
async function visit(): Promise<void> {
  let cookie = "";
  const ask = async (path: string, method = "GET"): Promise<readonly [status: number, text: string]> => {
    const answer = await fetch(ORIGIN + path, { method, headers: { cookie, origin: ORIGIN }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) cookie = line.split(";")[0] ?? "";
    return [answer.status, await answer.text()];
  };
  const [first, second] = [await ask("/"), await ask("/")];
  const [status] = await ask("/login", "POST");
  const found = [first, second, [status], await ask("/")].join(" | ");
  const wanted = "200,Hello: 1 | 200,Hello: 2 | 303 | 200,ann: 3";
  if (found !== wanted) throw new Error(`found ${found}, and the page promises ${wanted}`);
}

async function tryPage(page: string, tarball: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "sojourn-page-"));
  const started: ChildProcess[] = [];
  try {
    await follow(page, home, tarball, started);
    await visit();
  } finally {
    for (const server of started) {
      if (server.pid === undefined || server.exitCode !== null) continue;
      process.kill(-server.pid, "SIGKILL");
      await once(server, "exit");
    }
    rmSync(home, { recursive: true, force: true });
  }
}

async function main(named: readonly string[]): Promise<void> {
  if (await fetch(ORIGIN).catch(() => undefined)) throw new Error(`${ORIGIN} is somebody else's already`);
  const folder = mkdtempSync(join(tmpdir(), "sojourn-tarball-"));
  const args = ["pack", "--ignore-scripts", "--pack-destination", folder, "--loglevel", "error"];
  const packed = await run("npm", args, { seconds: 120, quiet: true });
  if (!packed.ok) throw new Error(packed.output);
  const tarball = join(folder, packed.output.trim().split("\n").at(-1) ?? "");
  for (const page of named.length > 0 ? named : PAGES) {
    console.log(`docs/frameworks/${page}.md`);
    const begun = Date.now();
    try {
      await tryPage(page, tarball);
      console.log(`  counts, logs in, and keeps the count (${Math.round((Date.now() - begun) / 1000)} s)`);
    } catch (error) {
      process.exitCode = 1;
      console.log(`  FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

await main(process.argv.slice(2));
