/**
 * The class that stores of express-session's kind inherit from, and how a row becomes `req.session`.
 */
import { EventEmitter } from "node:events";
import { Cookie } from "./cookie.ts";
import { legacyClass } from "./legacy-class.ts";
import type { Done, Row, SessionRequest, SessionStore } from "./request.ts";
import { Session } from "./session.ts";

/** What a store of express-session's kind inherits, and has to add: `get`, `set`, `destroy`, and perhaps `touch`. */
class BaseStore extends EventEmitter {
  /** Set by the middleware: makes a new session for the request. */
  declare generate?: (req: SessionRequest) => void;

  /** Destroys the request's session and makes a new one. */
  regenerate(req: SessionRequest, callback: Done): void {
    (this as unknown as SessionStore).destroy(req.sessionID as string, (error) => {
      this.generate?.(req);
      callback(error);
    });
  }

  /** A session outside of a request. */
  load(sid: string, callback: (error?: unknown, session?: Session) => void): void {
    (this as unknown as SessionStore).get(sid, (error, row) => {
      if (error) callback(error);
      else if (!row) callback();
      else callback(null, this.createSession({ sessionID: sid, sessionStore: this }, row));
    });
  }

  /** Makes `req.session` of a row. */
  createSession(req: object, row: Row): Session {
    return createSession(req, row);
  }
}
Object.defineProperty(BaseStore, "name", { value: "Store" });

export const Store: typeof BaseStore = legacyClass(BaseStore, function initialise() {
  EventEmitter.call(this);
});

/** Makes `req.session` of a row; `row.cookie` becomes a `Cookie` on the way, as stores have come to expect. */
export function createSession(req: object, row: Row): Session {
  const given = row.cookie;
  if (!given) throw new TypeError("The store gave a session without a cookie.");
  const { expires, originalMaxAge } = given;
  const cookie = new Cookie(given);
  if (typeof expires === "string") cookie.expires = new Date(expires);
  // Setting `expires` has changed it.
  cookie.originalMaxAge = originalMaxAge as number | null;
  row.cookie = cookie;
  const session = new Session(req, row);
  (req as { session?: unknown }).session = session;
  return session;
}

/**
 * Whether a store has the `createSession` that all inherit, of this copy of the classes or of express-session itself:
 * then nobody has a use for the very object that it makes.
 */
export function inheritsCreateSession(store: Pick<SessionStore, "createSession">): boolean {
  let owner: object | null = store;
  while (owner !== null && !Object.hasOwn(owner, "createSession")) owner = Object.getPrototypeOf(owner);
  return owner !== null && Object.getPrototypeOf(owner) === EventEmitter.prototype;
}
