/**
 * One at a time per key, within this process. Requests that race on one session and lose line up here, and those that come
 * meanwhile line up behind them, so that a hundred of them take two writes each, and none loses to all the others.
 * Other processes are told apart by the store's compare-and-set; the lane only saves work. So nobody waits in it for
 * long: when a task fails, or takes too long (a store that hangs, an update inside of an update), all go at once.
 */
export interface Lane {
  /** Somebody is in the lane of this key. */
  busy(key: unknown): boolean;
  /** `key`: a session's, or anything else that stands for what is raced for. */
  run<T>(key: unknown, task: () => Promise<T>): Promise<T>;
}

const PATIENCE_MS = 2_000;

interface Queue {
  /** Resolves when the last in the queue is done. */
  last: Promise<void>;
  readonly dispersed: Promise<void>;
  /** Lets everybody go; who comes later begins a queue of their own. */
  disperse(): void;
}

export function createLane(): Lane {
  const queues = new Map<unknown, Queue>();

  const begin = (key: unknown): Queue => {
    let letGo = (): void => {};
    const dispersed = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const queue: Queue = {
      last: Promise.resolve(),
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
      const queue = queues.get(key) ?? begin(key);
      const mine = Promise.race([queue.last, queue.dispersed]).then(() => within(PATIENCE_MS, task, queue.disperse));
      const done = mine.then(() => {
        if (queue.last === done) queue.disperse();
      }, queue.disperse);
      queue.last = done;
      return mine;
    },
  };
}

/** Runs the task, and calls out once when it takes too long. */
function within<T>(ms: number, task: () => Promise<T>, tooLong: () => void): Promise<T> {
  const timer = setTimeout(tooLong, ms);
  (timer as { unref?: () => void }).unref?.();
  return task().finally(() => clearTimeout(timer));
}
