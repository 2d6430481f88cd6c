/**
 * The one interface that Keyv, unstorage and the stores of express-session are all made into, and a time limit on its
 * calls.
 */
import type { Within } from "../parts/timeout.ts";

/**
 * All that a universal key-value interface can do: keep one text under one key. It neither inserts nor compares, so
 * whatever is built on it is exact within one process at most.
 */
export interface Slots {
  /** The text, undefined when there is none. Rejects when the back end failed, and only then. */
  read(slot: string): Promise<string | undefined>;
  /** Puts the text in the place of whatever is there. The back end may drop it after `ttl` milliseconds, not before. */
  write(slot: string, text: string, ttl: number): Promise<void>;
  /** Harmless when there is none. */
  remove(slot: string): Promise<void>;
}

/**
 * The same slots, but no call waits for ever. One that never ends would hold up every later one on its key, and
 * the session with them, until the process is restarted.
 */
export function patientSlots(slots: Slots, ask: Within): Slots {
  return {
    read: (slot) => ask("read", () => slots.read(slot)),
    write: (slot, text, ttl) => ask("write", () => slots.write(slot, text, ttl)),
    remove: (slot) => ask("remove", () => slots.remove(slot)),
  };
}
