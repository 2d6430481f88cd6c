/**
 * The queue of a key (`queue.ts`), where requests may wait for each other's promises: nearly everywhere.
 */
import { requestsAreIsolated } from "../crypto/isolated.ts";
import { createPollingQueue } from "./polling-queue.ts";
import type { KeyQueue } from "./queue.ts";

/** A queue that got no further for so long is given up. */
const PATIENCE_MS = 2_000;

interface Queue {
  /** Resolves when the last in the queue is done. */
  last: Promise<void>;
  /** How many tasks are done. */
  steps: number;
  readonly dispersed: Promise<void>;
  /** Lets everybody go; who comes later begins a queue of their own. */
  disperse(): void;
}

/** @param isolated Whether a request may wait for no promise of another's. Default: as the runtime is. */
export function createKeyQueue(isolated: boolean = requestsAreIsolated): KeyQueue {
  return isolated ? createPollingQueue() : createWaitingQueue();
}

function createWaitingQueue(): KeyQueue {
  const queues = new Map<unknown, Queue>();

  const begin = (key: unknown): Queue => {
    let letGo = (): void => {};
    const dispersed = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const queue: Queue = {
      last: Promise.resolve(),
      steps: 0,
      dispersed,
      disperse() {
        if (queues.get(key) === queue) queues.delete(key);
        letGo();
      },
    };
    queues.set(key, queue);
    return queue;
  };

  return {
    busy: (key) => queues.has(key),
    run(key, task) {
      const ahead = queues.get(key);
      const queue = ahead ?? begin(key);
      const mine = ahead ? turnOf(ahead).then(task) : task();
      const done = mine.then(() => {
        queue.steps += 1;
        if (queue.last === done) queue.disperse();
      }, queue.disperse);
      queue.last = done;
      return mine;
    },
  };
}

/**
 * When those ahead are done, or none of them has got any further for too long. The timer is the waiting request's own.
 */
function turnOf(queue: Queue): Promise<void> {
  return new Promise((resolve) => {
    let steps = queue.steps;
    const timer = setInterval(() => {
      if (steps === queue.steps) queue.disperse();
      steps = queue.steps;
    }, PATIENCE_MS);
    (timer as { unref?: () => void }).unref?.();
    void Promise.race([queue.last, queue.dispersed]).then(() => {
      clearInterval(timer);
      resolve();
    });
  });
}
