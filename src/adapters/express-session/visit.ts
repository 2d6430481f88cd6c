/**
 * One request: what its session was when it came, and what has to be stored and sent when it is answered.
 */
import type { HeaderOp } from "../../index.ts";
import { Cookie } from "./cookie.ts";
import { textOf } from "./fields.ts";
import type { Settings } from "./options.ts";
import {
  type Done,
  isSecure,
  type Row,
  type SessionCookie,
  type SessionObject,
  type SessionRequest,
  type SessionStore,
} from "./request.ts";
import type { Rows } from "./rows.ts";
import { ownSave, Session } from "./session.ts";
import { serializeCookie } from "./set-cookie.ts";
import { type Secret, sign } from "./signature.ts";
import { createSession } from "./store.ts";
import type { Visits } from "./visits.ts";

const NONE: readonly HeaderOp[] = Object.freeze([]);

/** A session's data at one moment. */
interface Seen {
  readonly id: string | undefined;
  readonly text: string;
}

export class Visit implements Visits {
  readonly rows: Rows;
  readonly #req: SessionRequest;
  readonly #store: SessionStore;
  readonly #settings: Settings;
  readonly #secret: Secret;
  /** The id that the client came with. */
  readonly #presented: string | undefined;
  /** The data at the beginning. */
  #base: Seen | undefined;
  /** The data that needs no saving. */
  #saved: Seen | undefined;
  /** The data of the row, as this request knows it: what a write is compared with. */
  #row: Seen | undefined;
  /** The very text of the row, over the store of this process. */
  #text: string | undefined;
  #touched = false;
  #destroyed = false;
  readonly #ended = new WeakSet<object>();

  constructor(req: SessionRequest, store: SessionStore, rows: Rows, settings: Settings, secret: Secret) {
    this.#req = req;
    this.#store = store;
    this.rows = rows;
    this.#settings = settings;
    this.#secret = secret;
    this.#presented = req.sessionID;
  }

  /** A request without a session of the store begins a new one, by the store's own function, which may be wrapped. */
  begin(): void {
    const req = this.#req;
    this.#store.generate?.(req);
    // Whoever set up the store last has made it.
    if (!(req.session instanceof Session)) this.generate();
    this.#base = { id: req.sessionID, text: textOf(req.session as SessionObject) };
  }

  /** A new session; nothing of it is stored yet. */
  generate(): void {
    const req = this.#req;
    const { cookieFor, generateId, proxy } = this.#settings;
    req.sessionID = generateId(req);
    const session = new Session(req);
    const options = cookieFor(req);
    const cookie = new Cookie(options);
    const secure = isSecure(req, proxy);
    if (options.secure === "auto") cookie.secure = secure;
    if (options.sameSite === "auto") cookie.sameSite = secure ? "none" : "lax";
    session.cookie = cookie;
    req.session = session;
    if (typeof req.sessionID === "string") this.rows.begin(req.sessionID);
  }

  /**
   * The session of a row. A store that was made with another copy of the classes gives one of theirs, which gets our
   * verbs.
   */
  inflate(row: Row): void {
    const req = this.#req;
    if (this.#store.createSession) this.#store.createSession(req, row);
    else createSession(req, row);
    const session = this.#ofOurClass(req.session as SessionObject);
    const seen = { id: session.id, text: textOf(session) };
    this.#base = seen;
    this.#row = seen;
    this.#text = this.rows.textOf(session.id);
    if (!this.#settings.resave) this.#saved = seen;
  }

  /** To give an object another prototype costs as much as the rest of a session. */
  #ofOurClass(session: SessionObject): SessionObject {
    if (session instanceof Session) return session;
    if (!this.rows.inheritsCreateSession) return Object.setPrototypeOf(session, Session.prototype);
    const own = new Session(this.#req, session);
    this.#req.session = own;
    return own;
  }

  save(session: SessionObject, done: Done): void {
    this.#write(session, (error) => done(error));
  }

  end(session: SessionObject, done: Done): void {
    this.rows.destroy(session.id, this.#ending(session, done));
  }

  regenerate(session: SessionObject, done: Done): void {
    const req = this.#req;
    // The store's own verb, which may be overridden; it destroys by `req.sessionID` and then calls `generate`.
    const step = (ended: Done): void => {
      this.#store.regenerate(req, (error) => {
        // Whoever set up the store last has made it.
        if (!(req.session instanceof Session)) this.generate();
        ended(error);
      });
    };
    this.rows.end(String(req.sessionID), step, this.#ending(session, done));
  }

  /** Before the head: what has to be stored is stored first. */
  commit(): readonly HeaderOp[] | Promise<readonly HeaderOp[]> {
    const { session, sessionID } = this.#req;
    if (!session) return this.#unset(session, NONE);
    this.#touch(session);
    if (typeof sessionID !== "string") return NONE;
    const text = textOf(session);
    const cookie = this.#cookie(session, sessionID, text);
    if (this.#mustSave(session, sessionID, text)) {
      const saving = promised((done) => this.#save(session, done, text));
      const sent = (): readonly HeaderOp[] => (this.#ended.has(session) ? NONE : cookie);
      return saving instanceof Promise ? saving.then(sent) : sent();
    }
    if (this.#presented !== sessionID || typeof this.#store.touch !== "function") return cookie;
    const touching = promised((done) => this.rows.touch(sessionID, session, done));
    return touching instanceof Promise ? touching.then(() => cookie) : cookie;
  }

  /** After the head: what the application changed while it wrote its answer. Undefined when there is nothing. */
  finish(): Promise<unknown> | undefined {
    const { session, sessionID } = this.#req;
    if (!session) {
      const destroying = this.#unset(session, undefined);
      return destroying instanceof Promise ? destroying : undefined;
    }
    if (typeof sessionID !== "string" || !this.#mustSave(session, sessionID, textOf(session))) return undefined;
    this.#touch(session);
    const writing = promised((done) => this.#save(session, done));
    return writing instanceof Promise ? writing : undefined;
  }

  /** The cookie, for an answer that cannot wait for the store. */
  cookieNow(): readonly HeaderOp[] {
    const { session, sessionID } = this.#req;
    if (!session || typeof sessionID !== "string") return NONE;
    this.#touch(session);
    return this.#cookie(session, sessionID, textOf(session));
  }

  /** By the session's own verb where somebody has wrapped it. */
  #save(session: SessionObject, done: Done, text?: string): void {
    if (!session.save || session.save === ownSave) this.#write(session, done, text);
    else session.save(done);
  }

  /** @param text The session's data as it is now, where it is known already. */
  #write(session: SessionObject, done: (error: unknown, text?: string) => void, text = textOf(session)): void {
    const { id } = session;
    const withFields = (fields: Record<string, unknown>): object => {
      const other = Object.create(Object.getPrototypeOf(session)) as object;
      for (const name of ["req", "id"] as const)
        Object.defineProperty(other, name, { value: Reflect.get(session, name) });
      return Object.assign(other, { cookie: session.cookie }, fields);
    };
    const base = this.#row?.id === id ? this.#row.text : undefined;
    if (this.#ended.has(session)) {
      done(undefined);
      return;
    }
    // From now on it counts as saved: a second answer must not write it once more while the first is under way.
    this.#saved = { id, text };
    this.rows.save({ sid: id, session, base, rowText: this.#text, withFields }, (error, written) => {
      this.#text = undefined;
      if (written !== undefined) {
        this.#row = { id, text: written };
        this.#saved = this.#row;
      } else if (error) this.#saved = undefined;
      else this.#ended.add(session);
      done(error, written);
    });
  }

  #ending(session: SessionObject, done: Done): Done {
    return (error) => {
      if (!error) this.#ended.add(session);
      done(error);
    };
  }

  #touch(session: SessionObject): void {
    if (this.#touched) return;
    this.#touched = true;
    session.touch();
  }

  /** The application took the session away: `unset: "destroy"` means that it is over. */
  #unset<Value>(session: unknown, value: Value): Value | Promise<Value> {
    const { sessionID } = this.#req;
    // `false` and its like are no session, and do not say that it is over.
    if ((session ?? undefined) !== undefined) return value;
    if (!this.#settings.destroyUnset || !sessionID || this.#destroyed) return value;
    this.#destroyed = true;
    const ending = promised((done) => this.rows.destroy(sessionID, done));
    return ending instanceof Promise ? ending.then(() => value) : value;
  }

  #isModified(id: string, text: string): boolean {
    return this.#base?.id !== id || this.#base.text !== text;
  }

  #mustSave(session: SessionObject, sessionID: string, text: string): boolean {
    const uninitialized = this.#saved === undefined && this.#presented !== sessionID;
    if (uninitialized && !this.#settings.saveUninitialized) return this.#isModified(session.id, text);
    return this.#saved?.id !== session.id || this.#saved.text !== text;
  }

  #cookie(session: SessionObject, sessionID: string, text: string): readonly HeaderOp[] {
    const { name, proxy, rolling, saveUninitialized } = this.#settings;
    const modified = (): boolean => this.#isModified(session.id, text);
    const { cookie } = session;
    const due =
      this.#presented === sessionID
        ? rolling || ((cookie.expires ?? null) !== null && modified())
        : saveUninitialized || modified();
    if (!due || (cookie.secure && !isSecure(this.#req, proxy))) return NONE;
    const value = serializeCookie(name, `s:${sign(sessionID, this.#secret)}`, attributesOf(cookie));
    return [{ op: "append", name: "Set-Cookie", value }];
  }
}

/** An object that an application put in the place of ours says what it wants by itself. */
function attributesOf(cookie: SessionCookie): object {
  return cookie.data ?? cookie;
}

/** Not a promise when the answer is there at once: then nothing has to be held back. */
function promised<Value>(
  run: (done: (error?: unknown, value?: Value) => void) => void,
): Value | undefined | Promise<Value | undefined> {
  let told: { readonly error?: unknown; readonly value?: Value | undefined } | undefined;
  let tell = (error?: unknown, value?: Value): void => {
    told = { error, value };
  };
  run((error, value) => tell(error, value));
  const now = told as { readonly error?: unknown; readonly value?: Value | undefined } | undefined;
  if (now) return now.error ? Promise.reject(now.error) : now.value;
  return new Promise((resolve, reject) => {
    tell = (error, value) => (error ? reject(error) : resolve(value));
  });
}
