/**
 * The store of a middleware that is given none, and what `rows.ts` knows of it so as not to wait for its callbacks.
 */
import { legacyClass } from "./legacy-class.ts";
import type { Done, Row } from "./request.ts";
import { Store } from "./store.ts";

/** The default store: sessions as JSON in this process, which are gone when it ends. For development and tests. */
class MemorySessions extends Store {
  declare sessions: Record<string, string>;

  constructor() {
    super();
    this.sessions = Object.create(null);
  }

  get(sid: string, callback: (error: unknown, row?: Row) => void): void {
    const row = live(this.sessions, sid);
    setImmediate(() => callback(null, row));
  }

  set(sid: string, session: object, callback?: Done): void {
    this.sessions[sid] = JSON.stringify(session);
    later(callback);
  }

  /** Takes over the deadline, and nothing else. */
  touch(sid: string, session: { readonly cookie: object }, callback?: Done): void {
    // Until the browser is closed: there is no deadline to move, and a row is not rewritten as it is.
    const cookie = JSON.stringify(session.cookie);
    if (!this.sessions[sid]?.startsWith(`{"cookie":${cookie}`)) {
      const row = live(this.sessions, sid);
      if (row) this.sessions[sid] = JSON.stringify({ ...row, cookie: session.cookie });
    }
    later(callback);
  }

  destroy(sid: string, callback?: Done): void {
    delete this.sessions[sid];
    later(callback);
  }

  /** Every live session by its id. */
  all(callback?: (error: unknown, sessions?: Record<string, Row>) => void): void {
    const found: Record<string, Row> = Object.create(null);
    for (const sid of Object.keys(this.sessions)) {
      const row = live(this.sessions, sid);
      if (row) found[sid] = row;
    }
    if (callback) setImmediate(() => callback(null, found));
  }

  length(callback: (error: unknown, count?: number) => void): void {
    this.all((error, found) => (error ? callback(error) : callback(null, Object.keys(found ?? {}).length)));
  }

  clear(callback?: Done): void {
    this.sessions = Object.create(null);
    later(callback);
  }
}
Object.defineProperty(MemorySessions, "name", { value: "MemoryStore" });

export const MemoryStore: typeof MemorySessions = legacyClass(MemorySessions, function initialise() {
  Store.call(this);
  this.sessions = Object.create(null);
});

/**
 * Whether the store is this one, as it is: then what it does has been done when the call returns, and nobody has to
 * wait for the callback.
 */
export function isImmediate(store: object): store is MemorySessions {
  const own = MemorySessions.prototype;
  if (!(store instanceof MemorySessions) || store.get !== own.get || store.set !== own.set) return false;
  return store.touch === own.touch && store.destroy === own.destroy;
}

/** What `get` gives, at once. */
export function rowIn(store: MemorySessions, sid: string): Row | undefined {
  return live(store.sessions, sid);
}

function later(callback: Done | undefined): void {
  if (callback) setImmediate(() => callback());
}

/** A row that is not over; one that is goes. */
function live(sessions: Record<string, string>, sid: string): Row | undefined {
  const text = sessions[sid];
  if (!text) return undefined;
  const row = JSON.parse(text) as Row;
  const expires = row.cookie?.expires;
  if (!expires || new Date(expires as string).getTime() > Date.now()) return row;
  delete sessions[sid];
  return undefined;
}
