/**
 * Kills servers and removes folders when this process ends, however it ends.
 *
 * An exit handler does not run after a kill -9, a crash of the runtime, or a test runner that loses patience.
 * So a small shell waits beside us for the end of a pipe, which the kernel closes in every case.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";

const groups = new Set<number>();
const folders = new Set<string>();
let watchdog: ChildProcess | undefined;

/** Keeps the last line that it was sent, and runs it when no more can come. */
const script = 'while IFS= read -r line; do last=$line; done; eval "$last"';

function tell(): void {
  if (watchdog === undefined) {
    watchdog = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    watchdog.unref();
    // A pipe keeps the event loop alive unless it is told not to; what it is depends on the platform.
    const pipe = watchdog.stdin as unknown as { unref?: () => void };
    pipe.unref?.();
    watchdog.stdin?.on("error", () => {});
    process.once("exit", cleanUp);
  }
  const kills = [...groups].map((group) => `kill -9 -${group}; kill -9 ${group};`);
  const removals = [...folders].map((folder) => `rm -rf '${folder}';`);
  watchdog.stdin?.write(`${[...kills, ...removals].join(" ")} :\n`);
}

/** Kills a process group and its leader, which may be gone. */
export function killGroup(group: number, signal: NodeJS.Signals = "SIGKILL"): void {
  for (const target of [-group, group]) {
    try {
      process.kill(target, signal);
    } catch {
      // Gone already.
    }
  }
}

function cleanUp(): void {
  for (const group of groups) killGroup(group);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** From now on this process group does not outlive us. */
export function guardProcess(group: number): void {
  groups.add(group);
  tell();
}

/** The process ended by itself: its number may belong to somebody else soon. */
export function releaseProcess(group: number): void {
  groups.delete(group);
  tell();
}

/** From now on this folder does not outlive us. */
export function guardFolder(folder: string): void {
  folders.add(folder);
  tell();
}

/** Removes the folder now. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.delete(folder);
  tell();
}
