/**
 * One at a time per key, within this process. Requests that race on one session and lose line up here,
 * so that a hundred of them take two writes each and not a hundred. Other processes are told apart by
 * the store's compare-and-set; the lane only saves work.
 */
export interface Lane {
  /** `key`: a session's, or anything else that stands for what is raced for. */
  run<T>(key: unknown, task: () => Promise<T>): Promise<T>;
}

export function createLane(): Lane {
  const tails = new Map<unknown, Promise<unknown>>();
  return {
    run(key, task) {
      const before = tails.get(key);
      const mine = before ? before.then(task, task) : task();
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
