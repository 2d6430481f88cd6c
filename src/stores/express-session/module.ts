/** The data of a session as express-session hands it to a store: the application's properties and the cookie. */
export interface ExpressSessionData {
  /** What express-session calls `Cookie`; of it `expires`, or else `maxAge`, says how long the session lives. */
  readonly cookie: object;
}

/** The part of a store for express-session that `fromExpressStore` uses. */
export interface ExpressStore {
  get(sid: string, callback: (error?: unknown, session?: ExpressSessionData | null) => void): unknown;
  set(sid: string, session: ExpressSessionData, callback: (error?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
}

/** The part of the module express-session that `toExpressStore` uses: `import session from "express-session"`. */
export interface ExpressSessionModule<Base> {
  /** The class that every store has to extend: it makes `req.session` of what a store gave. */
  readonly Store: abstract new () => Base;
}

/** What that class does, and nobody else can: it knows the classes `Session` and `Cookie`. */
export interface StoreBase {
  createSession(request: object, session: object): object;
}
