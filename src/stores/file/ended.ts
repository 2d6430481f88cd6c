/**
 * The notices of ended sessions in a folder, by which the processes on one directory tell each other.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionKey } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { clearInterval, setInterval } from "../parts/timers.ts";
import { uniqueName } from "./owner.ts";

/** How long a notice of an end lies there: many times longer than any watcher takes to come by. */
const KEPT_MS = 60_000;
const TRIM_EVERY_MS = 10_000;

/**
 * Tells listeners which sessions ended. What this store ends is told at once; what others end is found as notices in a
 * folder, which is looked into while somebody listens. A notice is no promise, so nobody waits for the device.
 */
export class Ended {
  readonly #folder: string;
  readonly #temporary: string;
  readonly #every: number;
  readonly #listeners: Listeners = new Listeners(() => this.#halt());
  /** Notices that need not be read: this store's own, and those that were there already. */
  #known: Set<string> = new Set();
  #timer: ReturnType<typeof setInterval> | undefined;
  #trimmedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, temporary: string, every: number) {
    this.#folder = folder;
    this.#temporary = temporary;
    this.#every = every;
  }

  /** Tells everybody. The sessions have ended already, so that a notice that cannot be written fails nothing. */
  tell(keys: readonly SessionKey[]): void {
    if (keys.length === 0) return;
    try {
      this.#write(JSON.stringify(keys));
      this.#trim();
    } catch {
      // A full disk, or no folder: others learn of it with their next request.
    }
    this.#listeners.tell(keys);
  }

  watch(call: (key: SessionKey) => void): () => void {
    const unwatch = this.#listeners.add(call);
    if (this.#timer === undefined) this.#start();
    return unwatch;
  }

  stop(): void {
    this.#listeners.clear();
    this.#halt();
  }

  #start(): void {
    this.#known = new Set([...this.#known, ...this.#names()]);
    this.#timer = setInterval(() => this.#look(), this.#every);
    this.#timer.unref?.();
  }

  #halt(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const names = this.#names();
    const fresh = names.filter((name) => !this.#known.has(name));
    this.#known = new Set(names);
    for (const name of fresh) this.#listeners.tell(this.#read(name));
  }

  /** In the order of their times. */
  #names(): string[] {
    try {
      return readdirSync(this.#folder).sort();
    } catch {
      return [];
    }
  }

  #read(name: string): SessionKey[] {
    try {
      const keys: unknown = JSON.parse(readFileSync(join(this.#folder, name), "utf8"));
      return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
    } catch {
      return [];
    }
  }

  /** Beside its place and then into it, so that nobody reads half a notice. */
  #write(text: string): void {
    const name = uniqueName();
    const temporary = join(this.#temporary, name);
    this.#known.add(name);
    writeFileSync(temporary, text, { flag: "wx", mode: 0o600 });
    try {
      renameSync(temporary, join(this.#folder, name));
    } catch {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      renameSync(temporary, join(this.#folder, name));
    }
  }

  /** Removes what has lain there for long enough; seldom, and whoever it is from. */
  #trim(): void {
    const now = Date.now();
    if (now - this.#trimmedAt < TRIM_EVERY_MS && now >= this.#trimmedAt) return;
    this.#trimmedAt = now;
    const names = this.#names();
    for (const name of names) {
      const age = now - Number.parseInt(name, 16);
      if (Math.abs(age) <= KEPT_MS) continue;
      try {
        unlinkSync(join(this.#folder, name));
      } catch {
        // Somebody else was faster.
      }
    }
    if (this.#timer === undefined) this.#known = new Set(names.filter((name) => this.#known.has(name)));
  }
}
