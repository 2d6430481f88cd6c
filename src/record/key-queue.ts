/**
 * One at a time per key, within this process. Requests that race on one session and lose line up here, and those that come
 * meanwhile line up behind them, so that a hundred of them take two writes each, and none loses to all the others.
 * Other processes are told apart by the store's compare-and-set; the lane only saves work. So nobody waits in it for
 * long: when a task fails, or somebody has waited too long (for a store that hangs, an update inside of an update, or on
 * Workers a request that was cancelled, whose timers ended with it), all go at once.
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
  /** How many tasks are done. */
  steps: number;
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

/** When those ahead are done, or none of them has got any further for too long. The timer is the waiting request's own. */
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
