/**
 * The option `upgrade`: how sessions move from the application's old store to a store of Sojourn, each when it is used.
 */
import { invalidOption } from "../../errors.ts";
import type { Store as SojournStore } from "../../index.ts";
import { type ToExpressStoreOptions, toExpressStore } from "../../stores/express-session.ts";
import { mergeFields, textOf } from "./fields.ts";
import {
  type Done,
  type Row,
  SAVE,
  type SessionObject,
  type SessionStore,
  type Write,
  type Written,
} from "./request.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { createSession, Store } from "./store.ts";

/** How sessions move to a store of Sojourn. */
export interface UpgradeOptions extends Omit<ToExpressStoreOptions, "previous" | "clock"> {
  /** Where sessions go: the id as its SHA-256, each write compared and set. Of its own: a table, a prefix, a file. */
  readonly store: SojournStore;
  /**
   * From when on sessions move, each with its first request, and new ones begin in the new store. Until then everything
   * stays where it is, and only the way to the new store is known. Choose an instant at which no process without this
   * option runs any more.
   */
  readonly after: Date;
}

type Place = Pick<SessionStore, "get" | "set" | "destroy" | "touch" | "createSession">;

/**
 * Two stores as one: what has moved is in the new one, everything else in the old one. A session is in one of them at a
 * time, and the new one is asked first; so a process that has not moved anything yet, and one that has, know the same
 * sessions.
 */
export function upgradedStore(old: SessionStore, { store, after, ...options }: UpgradeOptions): SessionStore {
  if (!(after instanceof Date) || Number.isNaN(after.getTime())) {
    throw invalidOption("upgrade.after", after, "a Date from which on sessions move to the new store");
  }
  const module = { Store: Store as unknown as abstract new () => SessionStore };
  const moved = toExpressStore(store, module, options);
  const moving = toExpressStore(store, module, { ...options, previous: old as never });
  return new UpgradedStore(old, moved, moving, after.getTime()) as unknown as SessionStore;
}

class UpgradedStore extends Store {
  readonly #old: Place;
  readonly #oldRows: Rows;
  /** The new store alone. */
  readonly #moved: Place;
  /** The new store, which fetches from the old one what it does not have. */
  readonly #moving: Place;
  readonly #after: number;
  /** Where the session of a row, and of `req.session`, is. */
  readonly #places = new WeakMap<object, Place>();

  constructor(old: SessionStore, moved: Place, moving: Place, after: number) {
    super();
    this.#old = old;
    this.#oldRows = rowsOf(old);
    this.#moved = moved;
    this.#moving = moving;
    this.#after = after;
    for (const event of ["connect", "disconnect"]) old.on?.(event, () => this.emit(event));
  }

  get(sid: string, done: (error: unknown, row?: Row | null) => void): void {
    if (this.#hasBegun) {
      this.#take(this.#moving, sid, done);
      return;
    }
    this.#take(this.#moved, sid, (error, row) => {
      if (error || row) return done(error, row);
      this.#take(this.#old, sid, (failure, found) => {
        // Another process may have moved it between the two looks.
        if (failure || found) done(failure, found);
        else this.#take(this.#moved, sid, done);
      });
    });
  }

  override createSession(req: object, row: Row): ReturnType<typeof createSession> {
    const place = this.#placeOf(row);
    const made = place === this.#old ? createSession(req, row) : place.createSession?.(req, row);
    this.#places.set(made as object, place);
    return made as ReturnType<typeof createSession>;
  }

  [SAVE](write: Write, done: Written): void {
    const place = this.#placeOf(write.session);
    this.#places.set(write.session, place);
    if (place === this.#old) this.#saveOld(write, done);
    else place.set(write.sid, write.session, this.#written(write.session, done));
  }

  set(sid: string, session: SessionObject, done: Done = () => {}): void {
    this.#placeOf(session).set(sid, session, done);
  }

  touch(sid: string, session: SessionObject, done: Done = () => {}): void {
    const place = this.#placeOf(session);
    if (place.touch) place.touch(sid, session, done);
    else done();
  }

  /** Both: the logout counts wherever the session is, and wherever somebody looks for it. */
  destroy(sid: string, done: Done = () => {}): void {
    this.#moving.destroy(sid, done);
  }

  get #hasBegun(): boolean {
    return Date.now() >= this.#after;
  }

  #placeOf(session: object): Place {
    return this.#places.get(session) ?? (this.#hasBegun ? this.#moving : this.#old);
  }

  #take(place: Place, sid: string, done: (error: unknown, row?: Row | null) => void): void {
    place.get(sid, (error, row) => {
      const absent = (error as { code?: unknown } | undefined)?.code === "ENOENT";
      if (row) this.#places.set(row, place);
      done(absent ? undefined : error, row);
    });
  }

  #saveOld(write: Write, done: Written): void {
    this.#oldRows.save(write, (error, text) => {
      if (error || text !== undefined || write.base === undefined) done(error, text);
      else this.#saveMoved(write, write.base, done);
    });
  }

  /** It is not in the old store any more: another process has moved it, or somebody ended it. */
  #saveMoved({ sid, session }: Write, base: string, done: Written): void {
    this.#take(this.#moved, sid, (error, row) => {
      if (error || !row) return done(error);
      const fields = mergeFields(row, base, textOf(session));
      const there = this.#moved.createSession?.({ sessionID: sid }, row) as object;
      for (const name of Object.keys(there))
        if (name !== "cookie" && !(name in fields)) Reflect.deleteProperty(there, name);
      this.#moved.set(sid, Object.assign(there, fields), this.#written(session, done));
    });
  }

  #written(session: SessionObject, done: Written): Done {
    const text = textOf(session);
    return (error) => (error ? done(error) : done(undefined, text));
  }
}
