/**
 * The question whether a connection is alive, asked of those that were idle when another one fell silent, so that no
 * request waits for its `timeout` on one that is lost.
 */
import { clearTimeout, setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Lease } from "./client.ts";

/** Milliseconds for the simplest of answers. */
const ALIVE = 250;

/**
 * Which connections of a pool can be trusted. When one does not answer for long, those that were idle meanwhile may be
 * lost as well (a load balancer or NAT drops them without a word): each is asked before it is used again.
 */
export class Suspicion {
  readonly #answered: WeakMap<object, number> = new WeakMap();
  #since = Number.NEGATIVE_INFINITY;

  /** A connection has been silent for long. */
  begin(): void {
    this.#since = stopwatchNow();
  }

  /** This one has answered. */
  clear({ id }: Lease): void {
    if (id) this.#answered.set(id, stopwatchNow());
  }

  async isAlive(lease: Lease): Promise<boolean> {
    const { id, connection } = lease;
    if (!id || this.#since === Number.NEGATIVE_INFINITY) return true;
    if ((this.#answered.get(id) ?? Number.NEGATIVE_INFINITY) > this.#since) return true;
    const alive = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ALIVE);
      connection.query("DO 0").then(
        () => {
          clearTimeout(timer);
          resolve(true);
        },
        () => {
          clearTimeout(timer);
          resolve(false);
        },
      );
    });
    if (alive) this.clear(lease);
    return alive;
  }
}
