/**
 * The time limit on calls of a back end that might never answer.
 */
import { SessionError } from "../../errors.ts";
import { clearTimeout, setTimeout } from "./timers.ts";

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
