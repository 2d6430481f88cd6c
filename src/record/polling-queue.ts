/**
 * The queue of a key (`queue.ts`) for Workers, where nothing that one request waits for may belong to another.
 */
import type { KeyQueue } from "./queue.ts";

/** A request that waits looks so often whether it is its turn: about as long as a write to a store nearby takes. */
const POLL_MS = 4;

/**
 * Looks without any progress after which all go at once: a quarter of a second, for a request that was answered early
 * never ends.
 */
const PATIENCE = 60;

/** Plain values, which requests may share; every wait is on a timer of the one that waits. */
interface Queue {
  /** The requests that are in it, in order. */
  readonly tickets: object[];
  /** How many tasks are done. */
  steps: number;
  dispersed: boolean;
}

export function createPollingQueue(): KeyQueue {
  const queues = new Map<unknown, Queue>();

  const disperse = (key: unknown, queue: Queue): void => {
    queue.dispersed = true;
    if (queues.get(key) === queue) queues.delete(key);
  };

  const turnOf = async (key: unknown, queue: Queue, ticket: object): Promise<void> => {
    let { steps } = queue;
    for (let looks = 0; queue.tickets[0] !== ticket && !queue.dispersed; looks++) {
      if (steps !== queue.steps) looks = 0;
      steps = queue.steps;
      if (looks >= PATIENCE) return disperse(key, queue);
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS);
      });
    }
  };

  return {
    busy: (key) => queues.has(key),
    async run(key, task) {
      const queue = queues.get(key) ?? { tickets: [], steps: 0, dispersed: false };
      queues.set(key, queue);
      const ticket = {};
      queue.tickets.push(ticket);
      await turnOf(key, queue, ticket);
      try {
        const result = await task();
        queue.steps += 1;
        return result;
      } catch (error) {
        disperse(key, queue);
        throw error;
      } finally {
        queue.tickets.splice(queue.tickets.indexOf(ticket), 1);
        if (queue.tickets.length === 0) disperse(key, queue);
      }
    },
  };
}
