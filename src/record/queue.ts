/**
 * One at a time per key, within this process. Requests that race on one session and lose line up here, and those that
 * come meanwhile line up behind them, so that a hundred of them take two writes each, and none loses to all the others.
 * Other processes are told apart by the store's compare-and-set; the queue only saves work. So nobody waits in it for
 * long: when a task fails, or somebody has waited too long (for a store that hangs, an update inside of an update), all
 * go at once.
 */
export interface KeyQueue {
  /** Somebody is in the queue of this key. */
  busy(key: unknown): boolean;
  /** `key`: a session's, or anything else that stands for what is raced for. */
  run<T>(key: unknown, task: () => Promise<T>): Promise<T>;
}
