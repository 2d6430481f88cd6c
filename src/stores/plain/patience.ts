import { SessionError } from "../../errors.ts";
import type { Slots } from "./slots.ts";

/** Makes a call, and gives up on it after some time. */
export type Within = <T>(verb: string, call: () => Promise<T>) => Promise<T>;

/** Rejects with `SOJOURN_STORE_UNAVAILABLE` what takes longer than `timeout` milliseconds. */
export function within(name: string, timeout: number): Within {
  return (verb, call) =>
    new Promise((resolve, reject) => {
      const late = (): void =>
        reject(new SessionError("SOJOURN_STORE_UNAVAILABLE", `${name} did not ${verb} within ${timeout} ms.`));
      const timer = setTimeout(late, timeout);
      (timer as { unref?: () => void }).unref?.();
      Promise.resolve()
        .then(call)
        .finally(() => clearTimeout(timer))
        .then(resolve, reject);
    });
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
