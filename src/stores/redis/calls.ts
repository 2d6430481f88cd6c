/**
 * The calls of a store that are under way: none begins before client and server were looked at, or after `close`.
 */
import { SessionError } from "../../errors.ts";
import type { Inspection } from "./inspection.ts";

export class Calls {
  readonly #inspection: Inspection;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(inspection: Inspection) {
    this.#inspection = inspection;
  }

  // No async function: each promise more is a microsecond of every request.
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(over());
    const call = this.#inspection.done ? work() : this.#inspection.first().then(work);
    const done = (): unknown => this.#underWay.delete(call);
    this.#underWay.add(call);
    call.then(done, done);
    return call;
  }

  checkOpen(): void {
    if (this.#closed) throw over();
  }

  /** Waits for those that are under way, after `flush` has sent what waits for others. */
  async close(flush: () => void): Promise<void> {
    this.#closed = true;
    flush();
    await Promise.allSettled([...this.#underWay]);
  }
}

function over(): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", "the Redis store has been closed: open a new one");
}
