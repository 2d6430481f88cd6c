/**
 * File names that hold the process they belong to, and whether the process of such a name is gone.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Which process a file belongs to, written into the file's name, so that anybody can tell later whether
 * that process is still alive. A process id alone is not enough: it is given out again, after a restart
 * of a container at once. So the machine, its boot and the process's start time go with it.
 */
export interface Owner {
  readonly host: string;
  /** "0" where the platform does not tell. */
  readonly boot: string;
  readonly pid: number;
  /** "0" where the platform does not tell. */
  readonly start: string;
}

/** Files of owners that cannot be asked (another machine, no start times) count as left behind after this. */
const ABANDONED_MS = 60_000;

let own: Owner | undefined;

/** This process. */
export function thisProcess(): Owner {
  own ??= {
    host: createHash("sha256").update(hostname()).digest("hex").slice(0, 8),
    boot: readText("/proc/sys/kernel/random/boot_id")?.slice(0, 8) ?? "0",
    pid: process.pid,
    start: stat(process.pid)?.start ?? "0",
  };
  return own;
}

/** A name that nobody else ever uses: the time (so that names sort by age), chance, and the owner. */
export function uniqueName(): string {
  const { host, boot, pid, start } = thisProcess();
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time}.${randomBytes(6).toString("hex")}~${host}.${boot}.${pid}.${start}`;
}

/** The owner in a name that `uniqueName` made; null for any other. */
export function readOwner(name: string): Owner | null {
  const [, host, boot, pid, start] = /~([0-9a-f]{8})\.([0-9a-f]+)\.(\d+)\.(\d+)$/.exec(name) ?? [];
  if (host === undefined || boot === undefined || start === undefined) return null;
  return { host, boot, pid: Number(pid), start };
}

/**
 * Whether the owner of a file is gone for good.
 *
 * @param ageMs How old the file is; asked only where there is nothing better to go by.
 */
export function isGone(owner: Owner, ageMs: () => number): boolean {
  const { host, boot } = thisProcess();
  if (owner.host !== host) return ageMs() > ABANDONED_MS;
  if (owner.boot !== boot) return true;
  if (!exists(owner.pid)) return true;
  if (owner.start === "0") return ageMs() > ABANDONED_MS;
  const found = stat(owner.pid);
  // A zombie has died already and only waits for its parent.
  return found === undefined || found.start !== owner.start || found.state === "Z" || found.state === "X";
}

/** Milliseconds since a file was written; 0 when it is no longer there. */
export function ageOf(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, but somebody else's.
    return (error as { code?: unknown }).code !== "ESRCH";
  }
}

/** From proc(5): what follows the name in brackets, which may itself hold blanks and brackets. */
function stat(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = readText(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields?.[0], fields?.[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
