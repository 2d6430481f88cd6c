/**
 * Asks the store, with a deadline, and turns every failure into SOJOURN_STORE_UNAVAILABLE.
 */
import { type Awaitable, isPromise } from "../awaitable.ts";
import { requestsAreIsolated } from "../crypto/isolated.ts";
import { isSessionError, SessionError } from "../errors.ts";
import type { Emit } from "../events.ts";

/**
 * Runs one verb of the store. Without a promise where the store gives none; a call that fails is a rejected promise in
 * any case, so that callers know one kind of failure.
 */
export type Ask = <T>(verb: string, call: () => Awaitable<T>) => Awaitable<T>;

interface Waiting {
  readonly verb: string;
  readonly due: number;
  reject(error: unknown): void;
}

/** Rejects when the answer does not come in time. */
type InTime = <T>(verb: string, answer: Promise<T>) => Promise<T>;

/** What became of a call. */
interface Ends {
  readonly storeName: string;
  readonly timeoutMs: number;
  readonly emit: Emit;
}

/** @param isolated Whether a timer may serve one request only. Default: as the runtime is. */
export function createAsk(
  storeName: string,
  timeoutMs: number,
  emit: Emit,
  isolated: boolean = requestsAreIsolated,
): Ask {
  const ends = { storeName, timeoutMs, emit };
  const inTime = isolated ? inTimeAlone(ends) : inTimeTogether(ends);
  return (verb, call) => {
    try {
      const answer = call();
      return isPromise(answer) ? inTime(verb, answer) : answer;
    } catch (error) {
      return Promise.reject(failed(ends, verb, error));
    }
  };
}

/** Tells of a failure, and gives what the caller is to be rejected with. */
function failed({ storeName, emit }: Ends, verb: string, error: unknown): SessionError {
  // A store that says what is wrong with the call is well.
  const isOutage = !isSessionError(error) || error.code === "SOJOURN_STORE_UNAVAILABLE";
  if (isOutage) emit({ type: "outage", store: storeName, verb, error });
  return unavailable(storeName, verb, error);
}

const late = ({ timeoutMs }: Ends): Error => new Error(`no answer within ${timeoutMs} ms`);

/** Each call has a timer of its own: one of another request would end with that request. */
function inTimeAlone(ends: Ends): InTime {
  return (verb, answer) =>
    new Promise((resolve, reject) => {
      let over = false;
      const fail = (error: unknown): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        reject(failed(ends, verb, error));
      };
      const timer = setTimeout(() => fail(late(ends)), ends.timeoutMs);
      answer.then((value) => {
        over = true;
        clearTimeout(timer);
        resolve(value);
      }, fail);
    });
}

/**
 * All calls have the same deadline, so they fall due in the order in which they began: one timer, set
 * for the oldest, serves them all, and a call that answers in time costs no timer.
 */
function inTimeTogether(ends: Ends): InTime {
  const { timeoutMs } = ends;
  const waiting = new Set<Waiting>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const fail = (call: Waiting, error: unknown): void => {
    if (!waiting.delete(call)) return;
    call.reject(failed(ends, call.verb, error));
  };

  const arm = (delay: number): void => {
    timer = setTimeout(() => {
      timer = undefined;
      const now = performance.now();
      for (const call of waiting) {
        if (call.due > now) return arm(call.due - now);
        fail(call, late(ends));
      }
    }, delay);
    (timer as { unref?: () => void }).unref?.();
  };

  return (verb, answer) =>
    new Promise((resolve, reject) => {
      const entry: Waiting = { verb, due: performance.now() + timeoutMs, reject };
      waiting.add(entry);
      if (!timer) arm(timeoutMs);
      answer.then(
        (value) => {
          if (waiting.delete(entry)) resolve(value);
        },
        (error) => fail(entry, error),
      );
    });
}

function unavailable(store: string, verb: string, cause: unknown): SessionError {
  if (isSessionError(cause)) return cause;
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `The ${store} store did not ${verb}. Nothing was sent to the client; the request can be tried again when the ` +
      "store answers.",
    cause,
  );
}
