/** One of the applications in examples/, built and started for a test file. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll } from "vitest";
import { build, environmentOf, folderOf } from "../../scripts/examples.ts";

const SECRET = `k1:${randomBytes(32).toString("base64url")}`;
/** Only a server that hangs takes that long. */
const PATIENCE_MS = 120_000;

class Application {
  readonly url: string;
  readonly #child: ChildProcess;
  #output = "";

  private constructor(name: string, port: number) {
    this.url = `http://localhost:${port}`;
    const env = {
      ...process.env,
      ...environmentOf(name),
      ...{ NODE_ENV: "production", SOJOURN_SECRET: SECRET, PORT: String(port), ORIGIN: this.url },
    };
    // A group of its own: npm starts a shell, and the shell a server.
    this.#child = spawn("npm", ["start"], { cwd: folderOf(name), env, detached: true, stdio: "pipe" });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
  }

  static async start(name: string): Promise<Application> {
    const application = new Application(name, await freePort());
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await application.#answers())) {
      if (application.#child.exitCode !== null || Date.now() > deadline)
        throw new Error(`examples/${name} does not start:\n${application.output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return application;
  }

  /** What the server has written so far. */
  get output(): string {
    return this.#output;
  }

  stop(): void {
    try {
      process.kill(-(this.#child.pid ?? 0), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  async #answers(): Promise<boolean> {
    return fetch(this.url).then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}

/** Builds and starts it before the tests of a file, and ends it after them. */
export function useExample(name: string): { readonly url: string; readonly output: string } {
  let application: Application | undefined;
  beforeAll(async () => {
    const built = await build(name);
    if (!built.ok) throw new Error(`examples/${name} does not build: ${built.reason}\n${built.output}`);
    application = await Application.start(name);
  }, 780_000);
  afterAll(() => application?.stop());
  return {
    get url() {
      return application?.url ?? "";
    },
    get output() {
      return application?.output ?? "";
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
