/**
 * One write of a session at a time, in the order in which they were asked for; of different sessions all at once.
 */
import { AsyncResource } from "node:async_hooks";
import type { Done } from "./request.ts";

/** Milliseconds after which nobody waits any longer for a store that does not call back. */
const PATIENCE = 5000;

interface Waiting {
  readonly start: () => void;
  readonly timer: NodeJS.Timeout;
}

export class Turns {
  readonly #lines = new Map<string, Waiting[]>();

  /** Runs the step at once when nobody else writes this session. The step has to call `leave` when it is done. */
  enter(sid: string, step: (leave: Done) => void): void {
    const line = this.#lines.get(sid);
    if (!line) {
      this.#lines.set(sid, []);
      step(() => this.#leave(sid));
      return;
    }
    let started = false;
    // In the context of the request that waited, not of the one that made it wait.
    const start = AsyncResource.bind((): void => {
      if (started) return;
      started = true;
      clearTimeout(waiting.timer);
      step(() => this.#leave(sid));
    });
    const waiting: Waiting = {
      start,
      timer: setTimeout(() => {
        line.splice(line.indexOf(waiting), 1);
        start();
      }, PATIENCE),
    };
    waiting.timer.unref();
    line.push(waiting);
  }

  #leave(sid: string): void {
    const next = this.#lines.get(sid)?.shift();
    if (next) next.start();
    else this.#lines.delete(sid);
  }
}
