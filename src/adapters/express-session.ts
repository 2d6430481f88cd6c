/**
 * Sojourn in the place of express-session: the same options, cookie and rows, `req.session` as it was.
 *
 * @module
 */
import type expressSession from "express-session";
import { Cookie as OurCookie } from "./express-session/cookie.ts";
import { MemoryStore as OurMemoryStore } from "./express-session/memory-store.ts";
import { middleware } from "./express-session/middleware.ts";
import { Session as OurSession } from "./express-session/session.ts";
import { Store as OurStore } from "./express-session/store.ts";
import type { UpgradeOptions } from "./express-session/upgrade.ts";

declare module "express-session" {
  interface SessionOptions {
    /** Moves sessions on use to a store of Sojourn. Default: they stay where they are. */
    upgrade?: UpgradeOptions | undefined;
  }
  interface Session {
    /** Without a callback, a promise: resolved when the store has the session. */
    save(): Promise<void>;
    /** Without a callback, a promise: resolved when `req.session` is what the store has. */
    reload(): Promise<void>;
    /** Without a callback, a promise: resolved when the session is gone. */
    destroy(): Promise<void>;
    /** Without a callback, a promise: resolved when `req.session` is a new one. */
    regenerate(): Promise<void>;
  }
}

type Module = typeof expressSession;

/**
 * The middleware of express-session, with the types of `@types/express-session`: install those beside.
 *
 * What is different, and why, is in docs/express-session.md.
 *
 * @throws TypeError for options that express-session refuses.
 * @example
 * ```ts
 * import session from "sojourn/express-session";
 *
 * app.use(session({ secret: "kept elsewhere", resave: false, saveUninitialized: false }));
 * ```
 */
const session: Module = Object.assign((options?: expressSession.SessionOptions) => middleware(options as object), {
  Store: OurStore,
  Cookie: OurCookie,
  Session: OurSession,
  MemoryStore: OurMemoryStore,
}) as unknown as Module;

/** The types that `import session from "express-session"` has on it. */
declare namespace session {
  /** What the middleware is set up with. */
  export type SessionOptions = expressSession.SessionOptions;
  /** What the cookie is set with. */
  export type CookieOptions = expressSession.CookieOptions;
  /** The application's properties; declare them in `declare module "express-session"`. */
  export type SessionData = expressSession.SessionData;
  export type Session = expressSession.Session;
  export type Cookie = expressSession.Cookie;
  export type Store = expressSession.Store;
  export type MemoryStore = expressSession.MemoryStore;
}

/**
 * What stores for express-session extend.
 *
 * @example
 * ```ts
 * import { Store } from "sojourn/express-session";
 *
 * typeof Store; // → "function"
 * ```
 */
export const Store: Module["Store"] = session.Store;
/** An instance of it. */
export type Store = expressSession.Store;
/**
 * The default store: sessions in this process, for development and tests.
 *
 * @example
 * ```ts
 * import session, { MemoryStore } from "sojourn/express-session";
 *
 * app.use(session({ secret: "kept elsewhere", resave: false, saveUninitialized: false, store: new MemoryStore() }));
 * ```
 */
export const MemoryStore: Module["MemoryStore"] = session.MemoryStore;
/** An instance of it. */
export type MemoryStore = expressSession.MemoryStore;
/**
 * The class of `req.session`.
 *
 * @example
 * ```ts
 * import { Session } from "sojourn/express-session";
 *
 * typeof Session.prototype.regenerate; // → "function"
 * ```
 */
export const Session: Module["Session"] = session.Session;
/** An instance of it. */
export type Session = expressSession.Session;
/**
 * The class of `req.session.cookie`.
 *
 * @example
 * ```ts
 * import { Cookie } from "sojourn/express-session";
 *
 * new Cookie().path; // → "/"
 * ```
 */
export const Cookie: Module["Cookie"] = session.Cookie;
/** An instance of it. */
export type Cookie = expressSession.Cookie;
/** What the middleware is set up with. */
export type SessionOptions = expressSession.SessionOptions;
/** What the cookie is set with. */
export type CookieOptions = expressSession.CookieOptions;
/** The application's properties; declare them in `declare module "express-session"`. */
export type SessionData = expressSession.SessionData;
export type { UpgradeOptions };

// For `require`, which gives the function itself, as express-session does (Node 20.19 and later).
export { session as default, session as "module.exports" };
