/**
 * How sessions of express-session are read, merged, written and moved in a store that compares versions.
 */
import type { Clock } from "../../clock.ts";
import { isSessionError, SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import type { Store } from "../store.ts";
import type { ExpressSessionData } from "./module.ts";
import type { PromisedStore } from "./promised.ts";
import type { SessionLike, Snapshot } from "./snapshot.ts";
import { merge, sameCookie, sameFields, sessionOf, snapshotOf, textOf } from "./snapshot.ts";

/** How often others may change a session between our read and our write. */
const TURNS = 64;

export interface SessionsSettings {
  readonly clock: Clock;
  readonly ttl: number;
  readonly touchEvery: number;
  readonly userId: ((session: Readonly<Record<string, unknown>>) => string | undefined) | undefined;
  /** Where sessions are that were made before this store was. */
  readonly previous: PromisedStore | undefined;
  /** Whether sessions move here from there; else they stay, and new ones are made there. */
  readonly moves: boolean;
  /** Bounds each call of a store. */
  readonly ask: <T>(verb: string, call: () => Promise<T>) => Promise<T>;
}

/** What one session object stands for. */
interface Known {
  /** What is stored, and its version; undefined while nothing is. */
  stored: { readonly snapshot: Snapshot; readonly version: Version; readonly createdAt: number } | undefined;
  /** The object as it was when it last agreed with the store: what differs from this, this request changed. */
  base: Snapshot | undefined;
  /** The id under which the previous store has it, until it is in ours. */
  moving?: string | undefined;
  /** Somebody ended the session: nothing of this object will be stored any more. */
  ended: boolean;
  /** Saves of one object take turns, for each continues from the version of the one before. */
  turn: Promise<unknown>;
}

/** What is saved, and where. */
interface Place {
  readonly sid: string;
  readonly key: SessionKey;
  readonly session: SessionLike;
}

/**
 * Sessions of express-session over a store of ours. The API has no versions: `set` is an upsert, and from it alone
 * nobody can tell a late write from a new session. So the version goes with the object: what `get` gives is remembered,
 * the session made of it too, and a `set` of that is an update of what was read.
 */
export class Sessions {
  readonly #store: Store;
  readonly #settings: SessionsSettings;
  readonly #known = new WeakMap<object, Known>();

  constructor(store: Store, settings: SessionsSettings) {
    this.#store = store;
    this.#settings = settings;
  }

  async get(sid: string): Promise<(SessionLike & { cookie: object }) | null> {
    const key = await keyOf(sid);
    const look = (): Promise<StoredRecord | null> => this.#ask("get", () => this.#store.get(key));
    const record = await look();
    if (record) return this.open(record);
    if (!this.#settings.previous) return null;
    const session = await this.#fromPrevious(sid, this.#settings.previous);
    if (session) return session;
    // Another request may have moved it while it was looked for there.
    const moved = await look();
    return moved && this.open(moved);
  }

  /** The session in a record. */
  open(record: StoredRecord): SessionLike & { cookie: object } {
    const session = sessionOf(record.payload, record.expiresAt);
    if (!session) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", NOT_OURS);
    const snapshot = this.#snapshot(session, record.expiresAt);
    const { version, createdAt } = record;
    this.#known.set(session, newKnown({ snapshot, version, createdAt }, snapshot));
    return session;
  }

  /** `made` is the session of what `get` gave. */
  adopt(made: object, given: object): void {
    const known = this.#known.get(given);
    if (known) this.#known.set(made, known);
  }

  /** Takes the session's JSON before it returns, for the application may go on changing the object. */
  set(sid: string, session: SessionLike): Promise<void> {
    const ours = this.#snapshot(session);
    return this.#inTurn(session, async (known) => this.#save({ sid, key: await keyOf(sid), session }, known, ours));
  }

  /** express-session does not ask for a save when only the cookie changed: it asks for this. */
  touch(sid: string, session: SessionLike): Promise<void> {
    const ours = this.#snapshot(session);
    return this.#inTurn(session, async (known) => {
      const key = await keyOf(sid);
      if (!known.base) await this.#touch(key, known, ours.expiresAt);
      else await this.#save({ sid, key, session }, known, { ...ours, fields: known.base.fields });
    });
  }

  async destroy(sid: string): Promise<void> {
    const { previous } = this.#settings;
    const key = await keyOf(sid);
    // First there, then here: who moves it meanwhile looks there last.
    if (previous) await this.#ask("destroy", () => previous.destroy(sid));
    await this.#ask("delete", () => this.#store.delete(key));
  }

  async #save(place: Place, known: Known, ours: Snapshot): Promise<void> {
    const { key } = place;
    if (known.ended) return;
    if (known.stored && known.base && sameFields(known.base, ours) && sameCookie(known.base, ours)) {
      return this.#touch(key, known, ours.expiresAt);
    }
    for (let turn = 0; turn < TURNS; turn++) {
      if (await this.#write(place, known, ours)) return;
    }
    throw new SessionError("SOJOURN_CONFLICT", `Others changed the session ${TURNS} times while it was saved.`);
  }

  /** One attempt; false when it has to be tried again with what is known by then. */
  async #write(place: Place, known: Known, ours: Snapshot): Promise<boolean> {
    const { stored, base } = known;
    const { key } = place;
    const { previous, moves } = this.#settings;
    if (!stored) return previous && !moves ? this.#stay(place, previous, known, ours) : this.#insert(key, known, ours);
    // An object that the store did not give and that is there already, set by hand: it replaces.
    const next = base ? merge(stored.snapshot, base, ours) : ours;
    const record = this.#record(next, stored.createdAt);
    const result = await this.#ask("update", () => this.#store.update(key, record, stored.version));
    if (result.status === "conflict") {
      known.stored = this.#read(result.current);
      return false;
    }
    if (result.status === "gone") known.ended = true;
    else {
      known.stored = { snapshot: next, version: result.version, createdAt: stored.createdAt };
      known.base = ours;
    }
    return true;
  }

  async #insert(key: SessionKey, known: Known, ours: Snapshot): Promise<boolean> {
    const createdAt = this.#settings.clock();
    const record = this.#record(ours, createdAt);
    const version = await this.#ask("create", () => this.#store.create(key, record));
    if (version !== null) {
      if (known.moving !== undefined && !(await this.#move(known.moving, key))) {
        known.ended = true;
        return true;
      }
      known.stored = { snapshot: ours, version, createdAt };
      known.base = ours;
      return true;
    }
    const current = await this.#ask("get", () => this.#store.get(key));
    known.stored = current ? this.#read(current) : undefined;
    return false;
  }

  /** Saves it where it was, unless it has been moved here by then, or ended. */
  async #stay({ sid, key, session }: Place, previous: PromisedStore, known: Known, ours: Snapshot): Promise<boolean> {
    const isHere = async (): Promise<boolean> => {
      const moved = await this.#ask("get", () => this.#store.get(key));
      if (moved) known.stored = this.#read(moved);
      return moved !== null;
    };
    if (await isHere()) return false;
    if (known.moving !== undefined && !(await this.#ask("get", () => previous.get(sid)))) {
      // It goes from there when it is here already.
      if (await isHere()) return false;
      known.ended = true;
      return true;
    }
    await this.#ask("set", () => previous.set(sid, session as ExpressSessionData));
    if (await isHere()) {
      await this.#ask("destroy", () => previous.destroy(sid));
      return false;
    }
    known.moving = sid;
    known.base = ours;
    return true;
  }

  /** Reading moves nothing: what the request stores, be it a new deadline, does. */
  async #fromPrevious(sid: string, previous: PromisedStore): Promise<(SessionLike & { cookie: object }) | null> {
    const session = await this.#ask("get", () => previous.get(sid));
    if (session) this.#known.set(session, { ...newKnown(undefined, this.#snapshot(session)), moving: sid });
    return session;
  }

  /**
   * After the insert, which only one request succeeds with. When the previous store has lost the session by then,
   * somebody destroyed it: false, and it is not here either.
   */
  async #move(sid: string, key: SessionKey): Promise<boolean> {
    const { previous } = this.#settings;
    if (previous && (await this.#ask("get", () => previous.get(sid)))) {
      await this.#ask("destroy", () => previous.destroy(sid));
      return true;
    }
    await this.#ask("delete", () => this.#store.delete(key));
    return false;
  }

  async #touch(key: SessionKey, known: Known, expiresAt: number): Promise<void> {
    const now = this.#settings.clock();
    const before = known.stored?.snapshot;
    // A deadline that moves by little is not worth a write: by a tenth of what is left at most.
    const step = Math.min(this.#settings.touchEvery, (expiresAt - now) / 10);
    if (known.ended || (before && expiresAt - before.expiresAt < step)) return;
    const live = await this.#ask("touch", () => this.#store.touch(key, now, expiresAt));
    if (!live) known.ended = known.stored !== undefined;
    else if (known.stored && before) known.stored = { ...known.stored, snapshot: { ...before, expiresAt } };
  }

  #inTurn(session: object, step: (known: Known) => Promise<void>): Promise<void> {
    const known = this.#known.get(session) ?? newKnown(undefined, undefined);
    this.#known.set(session, known);
    const mine = known.turn.then(() => step(known));
    known.turn = mine.catch(() => {});
    return mine;
  }

  #read(record: StoredRecord): Known["stored"] {
    const session = sessionOf(record.payload, record.expiresAt);
    if (!session) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", NOT_OURS);
    const { version, createdAt } = record;
    return { snapshot: this.#snapshot(session, record.expiresAt), version, createdAt };
  }

  #snapshot(session: SessionLike, expiresAt?: number): Snapshot {
    const snapshot = snapshotOf(session, this.#settings.clock(), this.#settings.ttl);
    return expiresAt === undefined ? snapshot : { ...snapshot, expiresAt };
  }

  #record(snapshot: Snapshot, createdAt: number): SessionRecord {
    const payload = textOf(snapshot);
    const { userId, clock } = this.#settings;
    const user = userId?.(JSON.parse(payload) as Record<string, unknown>);
    return { payload, userId: user, createdAt, seenAt: clock(), expiresAt: snapshot.expiresAt };
  }

  async #ask<T>(verb: string, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#settings.ask(verb, call);
    } catch (error) {
      // The code of a driver's error must not get out: express-session takes ENOENT for "no such session".
      if (isSessionError(error)) throw error;
      throw new SessionError("SOJOURN_STORE_UNAVAILABLE", `The ${this.#store.name} store did not ${verb}.`, error);
    }
  }
}

const NOT_OURS =
  "Found a record that is not a session of express-session: give it a store (a table, a prefix) of its own.";

function newKnown(stored: Known["stored"], base: Known["base"]): Known {
  return { stored, base, ended: false, turn: Promise.resolve() };
}

/** base64url of the id's SHA-256: who reads the store cannot present what is in it. */
async function keyOf(sid: string): Promise<SessionKey> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(sid)));
  return btoa(String.fromCharCode(...hash))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
