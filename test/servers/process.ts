/**
 * A real server for tests: a binary, a free port, a temporary folder, and every way to hurt it.
 *
 * ```ts
 * const server = await startServer({
 *   name: "redis",
 *   command: "redis-server",
 *   args: ({ port, folder }) => ["--port", String(port), "--dir", folder],
 *   ready: ({ port }) => canConnect(port),
 * });
 * afterAll(() => server.close());
 * ```
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { guardFolder, guardProcess, killGroup, releaseProcess, removeFolder } from "./cleanup.ts";

/** Where a server lives; the same after every restart. */
export interface Place {
  readonly port: number;
  readonly folder: string;
}

export interface ServerSpec {
  /** For messages and the name of the folder. */
  readonly name: string;
  /** The binary; to run as another user, something that replaces itself by it (`setpriv`, `env`). */
  readonly command: string;
  readonly args: (place: Place) => readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Before the first start: `initdb`, a configuration file, `chown`. */
  readonly prepare?: ((place: Place) => Promise<void>) | undefined;
  /** Asked again and again until it neither throws nor answers `false`. */
  readonly ready: (place: Place) => Promise<unknown>;
  /** How long a start may take: default 60 seconds. */
  readonly readySeconds?: number | undefined;
  /** What asks for an orderly end: default SIGTERM (PostgreSQL wants SIGINT). */
  readonly stopSignal?: NodeJS.Signals | undefined;
  /** Default: a free one. */
  readonly port?: number | undefined;
}

export interface TestServer extends Place {
  readonly pid: number;
  readonly running: boolean;
  /** What it printed. */
  readonly output: string;
  /** Orderly end; kill -9 when it takes more than 10 seconds. The folder stays. */
  stop(): Promise<void>;
  /** kill -9, with its children. The folder stays. */
  kill(): Promise<void>;
  /** SIGSTOP to it and its children: connections stay open and nobody answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts it again on the same port and folder, after `stop` or `kill`; does nothing while it runs. */
  restart(): Promise<void>;
  /** kill -9, and the folder is removed. */
  close(): Promise<void>;
}

/**
 * A port that nobody listens on, from below the range that the kernel hands out to outgoing
 * connections: one of those would otherwise take it between here and the server's start.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** Whether somebody accepts connections there. */
export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Waits until `done` neither throws nor answers `false`; throws its last error after `seconds`. */
export async function until(done: () => Promise<unknown> | unknown, seconds = 30, what = "condition"): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
    let failure: unknown = "not yet";
    try {
      if ((await done()) !== false) return;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw new Error(`${what} not reached in ${seconds} s`, { cause: failure });
    await delay(wait);
  }
}

/** A temporary folder that does not outlive the process. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `sojourn-${name}-`));
  guardFolder(folder);
  return folder;
}

/** The process and everything that it started, from /proc; elsewhere only the process itself. */
function family(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  try {
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
        // "pid (name) state parent …", and the name may hold spaces and parentheses.
        parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
      } catch {
        // Ended between the listing and the reading.
      }
    }
  } catch {
    // No /proc.
  }
  const members = [pid];
  for (const member of members) {
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  }
  return members;
}

function signalFamily(pid: number, signal: NodeJS.Signals): void {
  for (const member of family(pid)) {
    try {
      process.kill(member, signal);
    } catch {
      // Gone already.
    }
  }
}

/** One life of the server, from start to end. */
interface Life {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<void>;
  over: boolean;
}

function begin(spec: ServerSpec, place: Place, onOutput: (text: string) => void): Life {
  const child = spawn(spec.command, spec.args(place), {
    cwd: "/",
    detached: true,
    env: { ...process.env, ...spec.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout?.setEncoding("utf8").on("data", onOutput);
  child.stderr?.setEncoding("utf8").on("data", onOutput);
  const pid = child.pid ?? 0;
  if (pid !== 0) guardProcess(pid);
  const life: Life = {
    child,
    pid,
    over: false,
    ended: new Promise((resolve) => {
      const end = (): void => {
        life.over = true;
        if (pid !== 0) releaseProcess(pid);
        resolve();
      };
      child.once("exit", end);
      child.once("error", (error) => {
        onOutput(`${error.message}\n`);
        end();
      });
    }),
  };
  // Whoever forgets close() must not keep the test process waiting.
  child.unref();
  return life;
}

/** Starts a server and waits until it answers. */
export async function startServer(spec: ServerSpec): Promise<TestServer> {
  const folder = temporaryFolder(spec.name);
  let place: Place = { folder, port: spec.port ?? (await freePort()) };
  let output = "";
  let life: Life | undefined;

  const start = async (): Promise<void> => {
    const now = begin(spec, place, (text) => {
      output = (output + text).slice(-100_000);
    });
    life = now;
    try {
      await until(() => now.over || spec.ready(place), spec.readySeconds ?? 60, `start of ${spec.name}`);
      // Somebody else may be answering on the port while ours has died of it.
      if (now.over) throw new Error(`${spec.name} ended while it started`);
    } catch (error) {
      signalFamily(now.pid, "SIGKILL");
      throw new Error(`${spec.name} did not start:\n${output.slice(-2000)}`, { cause: error });
    }
  };
  const kill = async (): Promise<void> => {
    if (life === undefined || life.over) return;
    signalFamily(life.pid, "SIGKILL");
    killGroup(life.pid);
    await life.ended;
  };

  await spec.prepare?.(place);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await start();
      break;
    } catch (error) {
      // Two test files may have chosen the same port.
      const taken = spec.port === undefined && spec.prepare === undefined && /in use/i.test(output);
      if (!taken || attempt === 3) throw error;
      output = "";
      place = { folder, port: await freePort() };
    }
  }

  return {
    get port() {
      return place.port;
    },
    folder,
    get pid() {
      return life?.pid ?? 0;
    },
    get running() {
      return life !== undefined && !life.over;
    },
    get output() {
      return output;
    },
    kill,
    async stop() {
      const now = life;
      if (now === undefined || now.over) return;
      now.child.kill("SIGCONT");
      now.child.kill(spec.stopSignal ?? "SIGTERM");
      const patience = new AbortController();
      await Promise.race([now.ended, delay(10_000, undefined, { signal: patience.signal }).catch(() => {})]);
      patience.abort();
      await kill();
    },
    pause() {
      if (life !== undefined && !life.over) signalFamily(life.pid, "SIGSTOP");
    },
    resume() {
      if (life !== undefined && !life.over) signalFamily(life.pid, "SIGCONT");
    },
    async restart() {
      if (life === undefined || life.over) await start();
    },
    async close() {
      await kill();
      removeFolder(folder);
    },
  };
}
