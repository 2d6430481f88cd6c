/**
 * What is read from and written to a store for express-session, as exactly as its interface allows.
 */
import { mergeFields, textOf } from "./fields.ts";
import { isImmediate, rowIn } from "./memory-store.ts";
import {
  type Done,
  EXACT,
  type Row,
  SAVE,
  type SessionObject,
  type SessionStore,
  type Write,
  type Written,
} from "./request.ts";
import { inheritsCreateSession } from "./store.ts";
import { Turns } from "./turns.ts";

/** How long an id that was ended here is refused if a store gives it again, in milliseconds. */
const REMEMBERED = 60_000;
/** How many of them are kept at most. */
const MOST = 10_000;

/**
 * The rows of one store, and the only caller of its verbs.
 *
 * A store for express-session can neither compare nor insert. What can be had over it: within this process one write of
 * a session at a time, each on top of what is there; and across processes a row that is gone by then is not written
 * again. What is left open is the moment between that read and the write.
 */
export class Rows {
  readonly #store: SessionStore;
  readonly #turns = new Turns();
  /** Ids that were ended here, and when: a slow process that knows nothing of it may write the row once more. */
  readonly #ended = new Map<string, number>();

  /** Of the store; asked once. */
  readonly inheritsCreateSession: boolean;

  constructor(store: SessionStore) {
    this.#store = store;
    this.inheritsCreateSession = inheritsCreateSession(store);
  }

  /** The row as the store of this process has it: the same text is a row that nobody has written since. */
  textOf(sid: string): string | undefined {
    const store: object = this.#store;
    return isImmediate(store) ? store.sessions[sid] : undefined;
  }

  /** The row, undefined when there is none. Its own deadline is not judged: that is the store's. */
  load(sid: string, done: (error: unknown, row?: Row) => void): void {
    const store: object = this.#store;
    if (isImmediate(store)) {
      done(undefined, rowIn(store, sid));
      return;
    }
    this.#store.get(sid, (error, row) => {
      if (error && (error as { code?: unknown }).code !== "ENOENT") done(error);
      else if (error || !row) done(undefined);
      else if (this.#isEnded(sid)) this.#store.destroy(sid, () => done(undefined));
      else done(undefined, row);
    });
  }

  save(write: Write, done: Written): void {
    this.#turns.enter(write.sid, (leave) => {
      const finish: Written = (error, text) => {
        leave();
        done(error, text);
      };
      const own = this.#store[SAVE];
      if (own) attempt(finish, () => own.call(this.#store, write, finish));
      else if (write.base === undefined || EXACT in this.#store) this.#set(write, write.session, finish);
      else this.#update(write, write.base, finish);
    });
  }

  touch(sid: string, session: SessionObject, done: Done): void {
    this.#turns.enter(sid, (leave) => {
      const finish = once(leave, done);
      if (this.#isEnded(sid)) finish();
      else attempt(finish, () => this.#call("touch", sid, session, finish));
    });
  }

  /** Ends the session by `step`, which destroys the row. */
  end(sid: string, step: (ended: Done) => void, done: Done): void {
    this.#turns.enter(sid, (leave) => {
      const finish = once(leave, done);
      const ended: Done = (error) => {
        if (!error) this.#remember(sid);
        finish(error);
      };
      attempt(finish, () => step(ended));
    });
  }

  destroy(sid: string, done: Done): void {
    this.end(sid, (ended) => this.#store.destroy(sid, (error) => ended(isAbsence(error) ? undefined : error)), done);
  }

  /** A session begins under this id, which an application's `genid` can have given before. */
  begin(sid: string): void {
    this.#ended.delete(sid);
  }

  #update(write: Write, base: string, done: Written): void {
    if (write.rowText !== undefined && write.rowText === this.textOf(write.sid)) {
      this.#set(write, write.session, done);
      return;
    }
    attempt(done, () =>
      this.load(write.sid, (error, row) => {
        if (error || !row) return done(error);
        attempt(done, () => {
          const ours = textOf(write.session);
          const others = textOf(row) !== base;
          this.#set(write, others ? write.withFields(mergeFields(row, base, ours)) : write.session, done, ours);
        });
      }),
    );
  }

  /** @param known The data of the session as it is now, where somebody has written it down already. */
  #set({ sid, session }: Write, value: object, done: Written, known?: string): void {
    attempt(done, () => {
      const text = known ?? textOf(session);
      this.#call("set", sid, value, (error) => (error ? done(error) : done(undefined, text)));
    });
  }

  #call(verb: "set" | "touch", sid: string, session: object, done: Done): void {
    const store: object = this.#store;
    if (isImmediate(store)) {
      store[verb](sid, session as { cookie: object });
      done();
    } else this.#store[verb]?.(sid, session, done);
  }

  #remember(sid: string): void {
    const now = Date.now();
    this.#ended.set(sid, now);
    for (const [each, at] of this.#ended) {
      if (now - at < REMEMBERED && this.#ended.size <= MOST) break;
      this.#ended.delete(each);
    }
  }

  #isEnded(sid: string): boolean {
    const at = this.#ended.get(sid);
    return at !== undefined && Date.now() - at < REMEMBERED;
  }
}

const known = new WeakMap<SessionStore, Rows>();

/** The rows of a store, the same for all that use it in this process. */
export function rowsOf(store: SessionStore): Rows {
  let rows = known.get(store);
  if (!rows) {
    rows = new Rows(store);
    known.set(store, rows);
  }
  return rows;
}

function isAbsence(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "ENOENT";
}

/** Stores that throw instead of calling back are treated as if they had called back. */
function attempt(done: Done, step: () => void): void {
  try {
    step();
  } catch (error) {
    done(error);
  }
}

function once(leave: () => void, done: Done): Done {
  let finished = false;
  return (error) => {
    if (finished) return;
    finished = true;
    leave();
    done(error);
  };
}
