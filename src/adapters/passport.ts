/**
 * Passport 0.7 on a session of Sojourn, so that `req.login` and `req.logout` are the session's own verbs.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { checkKnown } from "../errors.ts";
import { type Session, SessionError, type Sessions } from "../index.ts";
import { getSession } from "./express.ts";

/** The part of Passport's `Authenticator` that is used: `import passport from "passport"`, or `new Passport()`. */
export interface PassportLike {
  serializeUser(user: unknown, req: IncomingMessage, done: (error: unknown, id?: unknown) => void): void;
  deserializeUser(id: unknown, req: IncomingMessage, done: (error: unknown, user?: unknown) => void): void;
  use(name: string, strategy: object): unknown;
}

/** What an application says of a login. */
export interface PassportOptions {
  /**
   * How the user authenticated, for `session.factors`: from the options that `req.login` or `passport.authenticate` was
   * given. Default: those options' own `factors`, or nothing.
   */
  readonly factors?: ((options: Readonly<Record<string, unknown>>) => readonly string[] | undefined) | undefined;
}

type Done = (error?: unknown) => void;
type LoginOptions = Readonly<Record<string, unknown>>;

/**
 * Makes Passport log in and out on the session that `expressSession(sessions)` put on the request: `req.login` is
 * `session.login`, with a new id, a device, the limit per user and the races that it settles; `req.logout` is
 * `session.logout`; `passport.session()` asks `session.userId`. `serializeUser` has to give the user's id as a string
 * or a number, and nothing else is kept of the user.
 *
 * What was in `session.data` before a login is carried over by `session.login` itself, so `keepSessionInfo` is not
 * needed. After a logout the data is new, unless `keepSessionInfo` was asked for.
 *
 * @throws SessionError `SOJOURN_UNSUPPORTED` at once when this is no Passport with a session manager (0.6 and 0.7 have
 *   one). Failures go to the callbacks of `req.login` and `req.logout`, with their codes.
 * @example
 * ```ts
 * import passport from "passport";
 * import { usePassport } from "sojourn/passport";
 *
 * usePassport(passport, sessions);
 * passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
 * passport.deserializeUser((id, done) => done(null, { id: String(id) }));
 * app.use(expressSession(sessions), passport.session());
 * ```
 */
export function usePassport<Data extends object>(
  passport: PassportLike,
  sessions: Sessions<Data>,
  options: PassportOptions = {},
): void {
  checkKnown(options, { factors: true });
  // Passport 0.7 documents no option for it; it hands whatever is here to `req.login` and `req.logout`.
  if (typeof (passport as { _sm?: { logIn?: unknown } })._sm?.logIn !== "function") {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "usePassport needs Passport 0.6 or 0.7: its session manager was not found.",
    );
  }
  Object.assign(passport, { _sm: new SessionManager(passport, sessions, options) });
  passport.use("session", sessionStrategy(passport, sessions));
}

class SessionManager<Data extends object> {
  readonly #passport: PassportLike;
  readonly #sessions: Sessions<Data>;
  readonly #factors: (options: LoginOptions) => readonly string[] | undefined;

  constructor(passport: PassportLike, sessions: Sessions<Data>, options: PassportOptions) {
    this.#passport = passport;
    this.#sessions = sessions;
    this.#factors = options.factors ?? ((given) => given.factors as readonly string[] | undefined);
  }

  logIn(req: IncomingMessage, user: unknown, options: LoginOptions | Done, callback?: Done): void {
    const [given, done] = typeof options === "function" ? [{}, options] : [options ?? {}, callback as Done];
    settle(async () => {
      const session = getSession(this.#sessions, req);
      await session.login(await this.#idOf(user, req), { factors: this.#factors(given) });
    }, done);
  }

  logOut(req: IncomingMessage, options: LoginOptions | Done, callback?: Done): void {
    const [given, done] = typeof options === "function" ? [{}, options] : [options ?? {}, callback as Done];
    settle(async () => {
      const session = getSession(this.#sessions, req);
      // A copy: `logout` empties the object that the application has in its hands.
      const kept = given.keepSessionInfo ? { ...session.data } : undefined;
      await session.logout();
      if (kept) session.data = kept;
    }, done);
  }

  #idOf(user: unknown, req: IncomingMessage): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#passport.serializeUser(user, req, (error, id) => {
        if (error) reject(error);
        else if (typeof id === "string" || typeof id === "number") resolve(String(id));
        else
          reject(
            new SessionError("SOJOURN_UNSUPPORTED", "serializeUser has to give the user's id, a string or a number."),
          );
      });
    });
  }
}

/** What Passport makes an object of for each request: `pass`, `error` and the like are on it by then. */
interface Attempt {
  pass(): void;
  error(error: unknown): void;
}

/** The strategy behind `passport.session()`. */
function sessionStrategy<Data extends object>(passport: PassportLike, sessions: Sessions<Data>): object {
  return {
    name: "session",
    authenticate(this: Attempt, req: IncomingMessage & { user?: unknown; _userProperty?: string }): void {
      let session: Session<Data>;
      try {
        session = getSession(sessions, req);
      } catch (error) {
        this.error(error);
        return;
      }
      const { userId } = session;
      if (userId === undefined) {
        this.pass();
        return;
      }
      passport.deserializeUser(userId, req, (error, user) => {
        if (error) {
          this.error(error);
          return;
        }
        // A user who is not there any more: the session ends, or it would be asked about for ever.
        if (user) Object.assign(req, { [req._userProperty ?? "user"]: user });
        settle(user ? async () => {} : () => session.logout(), (failure) =>
          failure ? this.error(failure) : this.pass(),
        );
      });
    },
  };
}

/** Calls back outside of the promise: what a callback throws is the application's. */
function settle(run: () => Promise<void>, done: Done): void {
  run().then(
    () => queueMicrotask(() => done()),
    (error: unknown) => queueMicrotask(() => done(error)),
  );
}
