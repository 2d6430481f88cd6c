/**
 * One at a time per key, within this process. Requests that race on one session and lose line up here,
 * so that a hundred of them take two writes each and not a hundred. Other processes are told apart by
 * the store's compare-and-set; the lane only saves work. So nobody waits in it for long: not behind a store that
 * hangs, and not behind a task that waits for the lane itself (an update inside of an update).
 */
export interface Lane {
  /** `key`: a session's, or anything else that stands for what is raced for. */
  run<T>(key: unknown, task: () => Promise<T>): Promise<T>;
}

const PATIENCE_MS = 2_000;

export function createLane(): Lane {
  const tails = new Map<unknown, Promise<unknown>>();
  const turn = (key: unknown, before: Promise<unknown>): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        tails.delete(key);
        resolve();
      }, PATIENCE_MS);
      (timer as { unref?: () => void }).unref?.();
      void before.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  return {
    run(key, task) {
      const before = tails.get(key);
      const mine = before ? turn(key, before).then(task) : task();
      const tail = mine
        .catch(() => undefined)
        .finally(() => {
          if (tails.get(key) === tail) tails.delete(key);
        });
      tails.set(key, tail);
      return mine;
    },
  };
}
