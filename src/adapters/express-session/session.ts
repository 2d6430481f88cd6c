/**
 * The class of `req.session`. What its verbs do is the visit's affair (`visits.ts`), or the store's where there is no
 * request.
 */
import type { Cookie } from "./cookie.ts";
import type { Done, Row, SessionRequest } from "./request.ts";
import { visitOf } from "./visits.ts";

/**
 * Without a callback a verb gives a promise. Nobody has to wait for it: a failure that nobody hears ends no process.
 */
type Outcome<This> = This | Promise<void>;

/**
 * `req.session`: the application's properties, and the verbs of express-session, which take a callback or give a
 * promise.
 */
export class Session {
  declare cookie: Cookie;
  declare readonly req: SessionRequest;
  declare readonly id: string;

  /** @param data Properties to begin with; names that the class has itself are left out. */
  constructor(req: object, data?: object | null) {
    Object.defineProperty(this, "req", { value: req });
    Object.defineProperty(this, "id", { value: (req as SessionRequest).sessionID });
    if (typeof data !== "object" || data === null) return;
    for (const name in data) if (!(name in this)) Reflect.set(this, name, Reflect.get(data, name));
  }

  /** Sets the deadline as far ahead as it was in the beginning. */
  touch(): this {
    return this.resetMaxAge();
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge;
    return this;
  }

  /** Stores the session now. The response does it by itself. */
  save(callback?: Done): Outcome<this> {
    return outcome(this, callback, (done) => {
      const visit = visitOf(this.req);
      if (visit) visit.save(this, done);
      else this.req.sessionStore?.set(this.id, this, done);
    });
  }

  /** Makes `req.session` anew of what is stored. */
  reload(callback?: Done): Outcome<this> {
    return outcome(this, callback, (done) => {
      const visit = visitOf(this.req);
      const take = (error: unknown, row?: Row | null): void => {
        if (error || !row) done(error || new Error("failed to load session"));
        else done(become(this.req, row));
      };
      if (visit) visit.rows.load(this.id, take);
      else this.req.sessionStore?.get(this.id, take);
    });
  }

  /** Ends the session; the request has none any more. */
  destroy(callback?: Done): Outcome<this> {
    delete this.req.session;
    return outcome(this, callback, (done) => {
      const visit = visitOf(this.req);
      if (visit) visit.end(this, done);
      else this.req.sessionStore?.destroy(this.id, done);
    });
  }

  /** Ends the session and begins an empty one under a new id: call it at login. */
  regenerate(callback?: Done): Outcome<this> {
    return outcome(this, callback, (done) => {
      const visit = visitOf(this.req);
      if (visit) visit.regenerate(this, done);
      else this.req.sessionStore?.regenerate(this.req, done);
    });
  }
}

// Whatever a bundler calls it: applications and inspectors print it.
Object.defineProperty(Session, "name", { value: "Session" });

/** `save` as it is here: whoever has put another in its place is asked by that one. */
export const ownSave: Session["save"] = Session.prototype.save;

/** What a store gave, as the session of the request. */
function become(req: SessionRequest, row: Row): unknown {
  try {
    const visit = visitOf(req);
    if (visit) visit.inflate(row);
    else req.sessionStore?.createSession?.(req, row);
    return undefined;
  } catch (failure) {
    return failure;
  }
}

function outcome<This>(session: This, callback: Done | undefined, run: (done: Done) => void): Outcome<This> {
  if (typeof callback === "function") {
    run(callback);
    return session;
  }
  const promise = new Promise<void>((resolve, reject) => {
    run((error) => (error ? reject(error) : resolve()));
  });
  promise.catch(() => {});
  return promise;
}
