/**
 * Tells whoever holds a session's signal that it has ended, in this process at once and elsewhere as
 * soon as the store says so, or at the next look where it cannot.
 */
import type { EndReason } from "../events.ts";
import type { SessionKey } from "../record.ts";
import { isWatchStore, type Store } from "../stores/store.ts";

export interface Endings {
  listen(): Listener;
  /** Aborts every signal of the session. The reason is known where the end was asked for in this process. */
  fire(key: SessionKey, reason?: EndReason): void;
  /**
   * Says why a session is about to end, or any of a user's or of all: a store that pushes tells of the end before its
   * verb answers. What is returned takes the word back.
   */
  announce(key: SessionKey | undefined, reason: EndReason): () => void;
}

/** One request's signal. */
export interface Listener {
  /** Aborts when the session that is followed ends. */
  readonly signal: AbortSignal;
  /** False from when it was let go of, or has aborted. */
  readonly active: boolean;
  /** The session is stored under this id from now on; its end is told. */
  follow(key: SessionKey): void;
  /** The session is about to get another id: the end of the old one is not told. `follow` says how it went on. */
  suspend(): void;
  /** Nobody listens any more. */
  release(): void;
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
  const followers = new Map<SessionKey, Set<Follower>>();
  const announced: { readonly key: SessionKey | undefined; readonly reason: EndReason }[] = [];
  let stop: (() => void) | undefined;
  let looking = false;

  const look = async (): Promise<void> => {
    if (looking) return; // the store takes longer than the time between two looks
    looking = true;
    try {
      for (const key of [...followers.keys()]) {
        if (followers.has(key) && !(await isLive(key))) fire(key);
      }
    } catch {
      // The store is down: that ends nobody's session, and the others need not be asked for now.
    } finally {
      looking = false;
    }
  };
  const start = (): void => {
    const stopWatching = isWatchStore(store) ? store.watch((key) => fire(key)) : undefined;
    const timer = setInterval(look, lookEveryMs);
    (timer as { unref?: () => void }).unref?.();
    stop = () => {
      clearInterval(timer);
      stopWatching?.();
      stop = undefined;
    };
  };
  const forget = (key: SessionKey): void => {
    followers.delete(key);
    if (followers.size === 0) stop?.();
  };
  const fire = (key: SessionKey, reason?: EndReason): void => {
    const all = followers.get(key);
    if (!all) return;
    forget(key);
    const said = reason ?? announced.findLast((each) => each.key === key || each.key === undefined)?.reason;
    for (const follower of all) follower.abort(said);
  };

  return {
    fire,
    announce(key, reason) {
      const said = { key, reason };
      announced.push(said);
      return () => void announced.splice(announced.indexOf(said), 1);
    },
    listen: () =>
      new Follower({
        join(key, follower) {
          const all = followers.get(key) ?? new Set();
          followers.set(key, all.add(follower));
          if (!stop) start();
          // It may have ended since it was loaded, when nobody followed it yet.
          isLive(key).then(
            (live) => live || fire(key),
            () => undefined,
          );
        },
        leave(key, follower) {
          const all = followers.get(key);
          if (all?.delete(follower) && all.size === 0) forget(key);
        },
      }),
  };
}

interface Desk {
  join(key: SessionKey, follower: Follower): void;
  leave(key: SessionKey, follower: Follower): void;
}

class Follower implements Listener {
  readonly #controller = new AbortController();
  readonly #desk: Desk;
  #key: SessionKey | undefined;
  active = true;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  follow(key: SessionKey): void {
    if (!this.active) return;
    const before = this.#key;
    this.#key = key;
    this.#desk.join(key, this);
    if (before !== undefined && before !== key) this.#desk.leave(before, this);
  }

  suspend(): void {
    if (this.#key !== undefined) this.#desk.leave(this.#key, this);
    this.#key = undefined;
  }

  release(): void {
    if (!this.active) return;
    this.active = false;
    if (this.#key !== undefined) this.#desk.leave(this.#key, this);
  }

  abort(reason: EndReason | undefined): void {
    this.active = false;
    this.#controller.abort(endedBecause(reason));
  }
}

/**
 * What `signal.reason` is: an AbortError, as platforms make it, with the reason of the end beside it where that is
 * known.
 */
export type EndedError = DOMException & { readonly endReason: EndReason | undefined };

function endedBecause(reason: EndReason | undefined): EndedError {
  const error = new DOMException(`The session has ended${reason ? `: ${reason}` : ""}.`, "AbortError");
  return Object.assign(error, { endReason: reason });
}
