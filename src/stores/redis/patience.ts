/**
 * The time limit on answers of the server, kept by one timer for all calls. What is done about a connection that has
 * fallen silent is in `link.ts`.
 */
import { SessionError } from "../../errors.ts";
import { setTimeout, stopwatchNow } from "../parts/timers.ts";

interface Waiting {
  readonly due: number;
  readonly connection: object;
  reject(error: unknown): void;
}

/**
 * Milliseconds that a call which is due is given all the same: after the process was stopped or busy, timers run before
 * the answers are read that have long arrived.
 */
const GRACE = 50;

/** Waits for answers, and no longer than is told. One timer, set for the oldest, serves all. */
export class Patience {
  readonly #timeout: number;
  readonly #onSilence: (connection: object) => void;
  readonly #waiting = new Set<Waiting>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #answered: number = stopwatchNow();

  /** @param onSilence Called with a connection over which nothing at all has come for as long as a call may take. */
  constructor(timeout: number, onSilence: (connection: object) => void) {
    this.#timeout = timeout;
    this.#onSilence = onSilence;
  }

  wait<T>(connection: object, call: Promise<T>, explain: (error: unknown) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = { due: stopwatchNow() + this.#timeout, connection, reject };
      this.#waiting.add(waiting);
      if (this.#timer === undefined) this.#arm(this.#timeout);
      const settled = (): void => {
        this.#waiting.delete(waiting);
        this.#answered = stopwatchNow();
      };
      call.then(
        (value) => {
          settled();
          resolve(value);
        },
        (error: unknown) => {
          settled();
          reject(explain(error));
        },
      );
    });
  }

  #arm(delay: number): void {
    this.#timer = setTimeout(() => this.#check(), delay);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #check(): void {
    this.#timer = undefined;
    const now = stopwatchNow();
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    if (oldest.due > now) this.#arm(oldest.due - now);
    else this.#timer = setTimeout(() => this.#giveUp(now), GRACE);
  }

  /** Those that were due then, and still have no answer. */
  #giveUp(then: number): void {
    const silent = stopwatchNow() - this.#answered >= this.#timeout;
    const connections = new Set<object>();
    for (const waiting of this.#waiting) {
      if (waiting.due > then) break;
      this.#waiting.delete(waiting);
      connections.add(waiting.connection);
      waiting.reject(late(this.#timeout));
    }
    if (silent) for (const connection of connections) this.#onSilence(connection);
    this.#check();
  }
}

function late(timeout: number): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `Redis did not answer within ${timeout} ms ("timeout"). A write may have been applied; it is not repeated.`,
  );
}
