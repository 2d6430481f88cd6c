/**
 * Tells whoever holds a session's signal that it has ended, in this process at once and elsewhere as
 * soon as the store says so, or at the next look where it cannot.
 */
import type { SessionKey } from "./record.ts";
import { isWatchStore, type Store } from "./stores/store.ts";

export interface Endings {
  /** A signal that aborts when the session ends; `release` when nobody listens any more. */
  listen(key: SessionKey): { readonly signal: AbortSignal; release(): void };
  fire(key: SessionKey): void;
}

/**
 * @param isLive Asks whether the session is there still; what it throws is tried again at the next look.
 * @param lookEveryMs How often the watched sessions are looked at: this finds those that expired, and
 *   those that ended in another process when the store cannot push.
 */
export function createEndings(
  store: Store,
  isLive: (key: SessionKey) => Promise<boolean>,
  lookEveryMs: number,
): Endings {
  const listeners = new Map<SessionKey, Set<AbortController>>();
  let stop: (() => void) | undefined;

  const fire = (key: SessionKey): void => {
    const controllers = listeners.get(key);
    if (!controllers) return;
    listeners.delete(key);
    settle();
    for (const controller of controllers) controller.abort(new DOMException("The session has ended.", "AbortError"));
  };
  const start = (): void => {
    const stopWatching = isWatchStore(store) ? store.watch(fire) : undefined;
    const timer = setInterval(async () => {
      for (const key of [...listeners.keys()]) {
        if (!(await isLive(key).catch(() => true))) fire(key);
      }
    }, lookEveryMs);
    (timer as { unref?: () => void }).unref?.();
    stop = () => {
      clearInterval(timer);
      stopWatching?.();
      stop = undefined;
    };
  };
  const settle = (): void => {
    if (listeners.size === 0) stop?.();
  };

  return {
    fire,
    listen(key) {
      const controller = new AbortController();
      const controllers = listeners.get(key) ?? new Set();
      listeners.set(key, controllers.add(controller));
      if (!stop) start();
      const release = (): void => {
        controllers.delete(controller);
        if (controllers.size === 0 && listeners.get(key) === controllers) listeners.delete(key);
        settle();
      };
      return { signal: controller.signal, release };
    },
  };
}
