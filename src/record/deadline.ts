/**
 * Asks the store, with a deadline, and turns every failure into SOJOURN_STORE_UNAVAILABLE.
 */
import { isSessionError, SessionError } from "../errors.ts";
import type { Emit } from "../events.ts";

/** Runs one verb of the store. */
export type Ask = <T>(verb: string, call: () => Promise<T>) => Promise<T>;

interface Waiting {
  readonly verb: string;
  readonly due: number;
  reject(error: unknown): void;
}

/**
 * All calls have the same deadline, so they fall due in the order in which they began: one timer, set
 * for the oldest, serves them all, and a call that answers in time costs no timer.
 */
export function createAsk(storeName: string, timeoutMs: number, emit: Emit): Ask {
  const waiting = new Set<Waiting>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const fail = (call: Waiting, error: unknown): void => {
    if (!waiting.delete(call)) return;
    emit({ type: "outage", store: storeName, verb: call.verb, error });
    call.reject(unavailable(storeName, call.verb, error));
  };

  const arm = (delay: number): void => {
    timer = setTimeout(() => {
      timer = undefined;
      const now = performance.now();
      for (const call of waiting) {
        if (call.due > now) return arm(call.due - now);
        fail(call, new Error(`no answer within ${timeoutMs} ms`));
      }
    }, delay);
    (timer as { unref?: () => void }).unref?.();
  };

  return (verb, call) =>
    new Promise((resolve, reject) => {
      const entry: Waiting = { verb, due: performance.now() + timeoutMs, reject };
      waiting.add(entry);
      if (!timer) arm(timeoutMs);
      try {
        call().then(
          (value) => {
            if (waiting.delete(entry)) resolve(value);
          },
          (error) => fail(entry, error),
        );
      } catch (error) {
        fail(entry, error);
      }
    });
}

function unavailable(store: string, verb: string, cause: unknown): SessionError {
  if (isSessionError(cause)) return cause;
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `The ${store} store did not ${verb}. Nothing was sent to the client; the request can be tried again when the store answers.`,
    cause,
  );
}
