/** Child processes for the other scripts: bounded in time, and ended with everything they started. */
import { type SpawnOptions, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at the end. */
export const root: string = fileURLToPath(new URL("..", import.meta.url));

export interface Run {
  /** How long it may take, in seconds. */
  readonly seconds: number;
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable out. */
  readonly env?: Record<string, string | undefined>;
  /** Keep the output instead of showing it. */
  readonly quiet?: boolean;
}

export interface Ran {
  readonly ok: boolean;
  /** Output and errors, in the order they came; empty unless quiet. */
  readonly output: string;
  /** Why it is not ok: "exit code 1", "over 60 s", "spawn ENOENT". */
  readonly reason: string;
}

const running = new Set<number>();

/** A process group of its own, so that a time limit or Ctrl-C ends the children's children too. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const pid of running) endGroup(pid);
    process.exit(130);
  });
}

/** Runs a program to its end or its time limit. Never rejects: the answer says what happened. */
export function run(command: string, args: readonly string[], options: Run): Promise<Ran> {
  const spawned: SpawnOptions = {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: options.quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    detached: true,
  };
  return new Promise((resolve) => {
    const child = spawn(command, args, spawned);
    const chunks: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid) endGroup(child.pid);
    }, options.seconds * 1000);
    const end = (ok: boolean, reason: string): void => {
      clearTimeout(timer);
      if (child.pid) running.delete(child.pid);
      resolve({ ok, output: Buffer.concat(chunks).toString("utf8"), reason });
    };
    if (child.pid) running.add(child.pid);
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", (error) => end(false, error.message));
    child.once("close", (code, signal) =>
      end(
        code === 0 && !late,
        late ? `over ${options.seconds} s` : code === null ? `signal ${signal}` : `exit code ${code}`,
      ),
    );
  });
}
