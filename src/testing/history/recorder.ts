/**
 * Clients log here what they ask and what they are told, as the events of one history. A store that does so by itself
 * is in `recording-store.ts`.
 */
import { isSessionError } from "../../errors.ts";
import type { HistoryAnswer, HistoryCall, HistoryEvent } from "./event.ts";

/** Where a recorder writes, and whose time it takes. */
export interface RecorderOptions {
  /** Gets each event as a line of JSON that ends in a newline: append it to a file. Default: nowhere. */
  readonly write?: ((line: string) => void) | undefined;
  /**
   * Milliseconds, with fractions, that never go back. Default: that of `performance`. Processes of one machine agree
   * better with `() => Number(process.hrtime.bigint()) / 1e6`, which is one clock for all of them; use one or the other
   * in all.
   */
  readonly now?: (() => number) | undefined;
  /**
   * Whether to keep the events in `events` too, for `checkHistory` in the same process. Default true without `write`.
   */
  readonly keep?: boolean | undefined;
}

/** A call that was made and has no answer yet. The first of `ok`, `fail` and `unknown` counts. */
export interface PendingCall {
  /** A login has read the user's epoch: a revocation that is called from here on (or from `at` on) must end it. */
  begun(at?: number): void;
  /** It was answered. */
  ok(answer?: HistoryAnswer): void;
  /** It certainly did not happen and never will. */
  fail(reason?: string): void;
  /** Whether it happened, or will, nobody knows. */
  unknown(reason?: string): void;
}

/** One of those who call. It may have several calls under way. */
export interface RecordedClient {
  /** Logs that the call is made now, right before it is, or was at an instant that `now` gave. */
  invoke(call: HistoryCall, at?: number): PendingCall;
  /** The present instant of the recorder, for what can be logged only later. */
  now(): number;
  /**
   * Logs a call, makes it, logs what came of it, and hands that on. An error of Sojourn's own is a `fail`, unless the
   * store could not be reached; that, and any other error, is `unknown`.
   *
   * @param answer What the client was told, from what the call resolved with. Default: that it was done.
   */
  run<T>(call: HistoryCall, make: () => Promise<T>, answer?: (result: T) => HistoryAnswer): Promise<T>;
}

/** Hands out clients, and writes down what they do in one order. */
export interface HistoryRecorder {
  /** Names must differ between all clients of a history, in all processes. */
  client(name: string): RecordedClient;
  /** What was recorded, where it is kept. */
  readonly events: readonly HistoryEvent[];
}

/** The event, whatever it is, but for the time. */
type Untimed = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, "time"> : never) : never;

/**
 * Records what clients ask and are told, for `checkHistory` or `npx sojourn check-history`.
 *
 * @example
 * ```ts
 * const recorder = historyRecorder();
 * const ann = recorder.client("ann's browser");
 * const store = memoryStore();
 * const record = { payload: "a", createdAt: 0, seenAt: 0, expiresAt: Date.now() + 60_000 };
 * await ann.run({ op: "create", key: "s1", value: "a" }, () => store.create("s1", record));
 * await ann.run({ op: "read", key: "s1" }, () => store.get("s1"), (found) => ({ value: found?.payload ?? null }));
 * checkHistory(recorder.events).verdict; // → "legal"
 * ```
 */
export function historyRecorder(options: RecorderOptions = {}): HistoryRecorder {
  const { write, now = sharedTime, keep = write === undefined } = options;
  const events: HistoryEvent[] = [];
  let last = Number.NEGATIVE_INFINITY;
  const instant = (): number => {
    // Two events of one recorder have an order even where the clock cannot tell them apart.
    last = Math.max(now(), last + 0.001);
    return last;
  };
  const log = (event: Untimed, time = instant()): void => {
    const timed = { ...event, time } as HistoryEvent;
    if (keep) events.push(timed);
    write?.(`${JSON.stringify(timed)}\n`);
  };
  return { client: (name) => recordedClient(name, log, instant), events };
}

function recordedClient(
  client: string,
  log: (event: Untimed, time?: number) => void,
  instant: () => number,
): RecordedClient {
  let calls = 0;
  const invoke = (call: HistoryCall, at?: number): PendingCall => {
    calls += 1;
    const id = `${client}:${calls}`;
    let ended = false;
    const end = (event: Untimed): void => {
      if (!ended) log(event);
      ended = true;
    };
    log({ type: "invoke", id, client, ...call }, at);
    return {
      begun: (since) => {
        if (!ended) log({ type: "begun", id, client }, since);
      },
      ok: (answer = {}) => end({ type: "ok", id, client, ...answer }),
      fail: (reason) => end({ type: "fail", id, client, reason }),
      unknown: (reason) => end({ type: "unknown", id, client, reason }),
    };
  };
  return {
    invoke,
    now: instant,
    run: async (call, make, answer = () => ({})) => {
      const pending = invoke(call);
      try {
        const result = await make();
        pending.ok(answer(result));
        return result;
      } catch (error) {
        const certain = isSessionError(error) && error.code !== "SOJOURN_STORE_UNAVAILABLE";
        pending[certain ? "fail" : "unknown"](isSessionError(error) ? error.code : String(error));
        throw error;
      }
    },
  };
}

/** The time of day when the process began, and what a clock that is never set has counted since. */
function sharedTime(): number {
  return performance.timeOrigin + performance.now();
}
