/**
 * The locks of a file store, between its own calls and between processes on one machine.
 */
import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { SessionError } from "../../errors.ts";
import { setTimeout, stopwatchNow } from "../parts/timers.ts";
import { ageOf, isGone, readOwner, uniqueName } from "./owner.ts";

/** How long a call waits for its turn. Locks are held for milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Mutual exclusion between processes, without a lock that a killed process could leave closed.
 *
 * Whoever wants a lock puts up a flag: an empty file whose name holds the lock, the time, a random part
 * and the owner. Then it looks at the folder. It has the lock when no other living owner's flag for it
 * is there. Of any two, the one that put up its flag later sees the other's, so two can never both have
 * it. When it sees others it takes its flag down and tries again, unless its own name is the first of
 * them, so that one of them always stays. A killed owner's flags count for nothing, and since no name is
 * ever used by anybody else, anybody may remove them at any time: there is no lock to steal and so no
 * race about stealing it.
 *
 * It rests on two things: a listing shows every file that was there before it began, as POSIX asks of
 * `readdir`; and who is dead can be told, which needs all processes on one machine and in one pid namespace.
 */
export class Locks {
  readonly #folder: string;
  /** The queue for each lock within this store, so that only one of it goes outside. */
  readonly #queues: Map<string, Promise<unknown>> = new Map();

  readonly #patienceMs: number;

  constructor(folder: string, patienceMs: number = PATIENCE_MS) {
    this.#folder = folder;
    this.#patienceMs = patienceMs;
  }

  /** Runs the work while nobody else has the lock. `name` is of `[a-z0-9-]`. */
  async hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(name);
    const turn = (async () => {
      await before;
      const flag = await this.#acquire(name);
      try {
        return await work();
      } finally {
        takeDown(flag);
      }
    })();
    const settled = turn.then(
      () => {},
      () => {},
    );
    this.#queues.set(name, settled);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(name) === settled) this.#queues.delete(name);
    }
  }

  /** Holds several locks at once, always taken in the same order, so that nobody waits in a circle. */
  async holdAll<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const [first, ...others] = [...names].sort();
    return first === undefined ? work() : this.hold(first, () => this.holdAll(others, work));
  }

  /** Takes down the flags of owners that are gone. */
  removeAbandoned(): void {
    for (const flag of readdirSync(this.#folder)) this.#lives(flag);
  }

  async #acquire(name: string): Promise<string> {
    const flag = `${name}~${uniqueName()}`;
    const path = join(this.#folder, flag);
    const deadline = stopwatchNow() + this.#patienceMs;
    let raised = false;
    for (let turn = 1; ; turn++) {
      if (!raised) this.#raise(path);
      const rivals = readdirSync(this.#folder).filter(
        (other) => other !== flag && other.startsWith(`${name}~`) && this.#lives(other),
      );
      if (rivals.length === 0) return path;
      raised = rivals.every((rival) => flag < rival);
      const late = stopwatchNow() > deadline;
      if (!raised || late) takeDown(path);
      if (late) throw blocked(this.#patienceMs, join(this.#folder, rivals[0] as string));
      // Apart from each other, so that they do not meet at every turn.
      await new Promise<void>((resolve) => setTimeout(resolve, 1 + Math.random() * Math.min(turn, 10)));
    }
  }

  #raise(path: string): void {
    try {
      closeSync(openSync(path, "wx", 0o600));
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      closeSync(openSync(path, "wx", 0o600));
    }
  }

  /** Whether a flag's owner lives; takes the flag down when not. */
  #lives(flag: string): boolean {
    const owner = readOwner(flag);
    const path = join(this.#folder, flag);
    // A file that is none of ours is nobody's flag.
    if (owner === null) return false;
    if (!isGone(owner, () => ageOf(path))) return true;
    takeDown(path);
    return false;
  }
}

function takeDown(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // Somebody else was faster, or removed the whole folder.
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  }
}

function blocked(waitedMs: number, flag: string): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `The file store waited ${waitedMs / 1000} s for another process, whose flag is ${flag}. ` +
      "When that process has hung, end it; its locks open at once.",
  );
}
