/**
 * A store as express-session wants it: an instance of its own class, with callbacks.
 */
import { SessionError } from "../../errors.ts";
import type { Store } from "../store.ts";
import { isScanStore } from "../store.ts";
import { clearAll, entriesOf } from "./listing.ts";
import type { ExpressSessionModule, StoreBase } from "./module.ts";
import type { Sessions } from "./sessions.ts";
import type { SessionLike } from "./snapshot.ts";

type Callback<T> = (error: unknown, result?: T) => void;

/** `all`, `length` and `clear` are there when the store can be walked through. */
export function bridge<Base>(module: ExpressSessionModule<Base>, store: Store, sessions: Sessions): Base {
  const Parent = module.Store as unknown as new () => StoreBase;

  class SojournStore extends Parent {
    override createSession(request: object, session: object): object {
      const made = super.createSession(request, session);
      sessions.adopt(made, session);
      return made;
    }
    get(sid: string, callback?: Callback<SessionLike | null>): void {
      answer(() => sessions.get(sid), callback);
    }
    set(sid: string, session: SessionLike, callback?: Callback<void>): void {
      answer(() => sessions.set(sid, session), callback);
    }
    touch(sid: string, session: SessionLike, callback?: Callback<void>): void {
      answer(() => sessions.touch(sid, session), callback);
    }
    destroy(sid: string, callback?: Callback<void>): void {
      answer(() => sessions.destroy(sid), callback);
    }
  }

  // Tells the drop-in for express-session that nothing has to be read before a write.
  Object.defineProperty(SojournStore.prototype, Symbol.for("sojourn.express-session.exact"), { value: true });
  if (!isScanStore(store)) return new SojournStore() as Base;
  const walk = async <T>(step: () => Promise<T>): Promise<T> => step().catch(unavailable(store));
  const listing = {
    all: (callback: Callback<SessionLike[]>) =>
      answer(
        () =>
          walk(async () => {
            const found: SessionLike[] = [];
            for await (const { record } of entriesOf(store)) found.push(sessions.open(record));
            return found;
          }),
        callback,
      ),
    length: (callback: Callback<number>) =>
      answer(
        () =>
          walk(async () => {
            let count = 0;
            for await (const _ of entriesOf(store)) count += 1;
            return count;
          }),
        callback,
      ),
    clear: (callback?: Callback<void>) => answer(() => walk(() => clearAll(store)), callback),
  };
  return Object.assign(new SojournStore(), listing) as Base;
}

/**
 * Calls back once, outside of the promise: what a callback throws is the application's, an uncaught exception as
 * with any other store, and must not look like a failure of the store.
 */
function answer<T>(call: () => Promise<T>, callback: Callback<T> = () => {}): void {
  let promise: Promise<T>;
  try {
    promise = call();
  } catch (error) {
    // The session's data cannot be written.
    promise = Promise.reject(error);
  }
  promise.then(
    (result) => queueMicrotask(() => callback(null, result)),
    (error: unknown) => queueMicrotask(() => callback(error)),
  );
}

function unavailable(store: Store): (error: unknown) => never {
  return (error) => {
    if (error instanceof SessionError) throw error;
    throw new SessionError("SOJOURN_STORE_UNAVAILABLE", `The ${store.name} store did not list its sessions.`, error);
  };
}
