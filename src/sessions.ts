/**
 * The public interfaces of a manager: what `createSessions` returns, by what its store can do.
 */
import type { Mode } from "./context.ts";
import type { CrossSiteError, ProtectionReason } from "./csrf/refusal.ts";
import type { Duration } from "./duration.ts";
import type { Device } from "./record/meta.ts";
import type { SessionKey } from "./record.ts";
import type { Session } from "./session/session.ts";
import type { Page, PageRequest } from "./stores/store.ts";
import type { RequestLike } from "./transport/source.ts";
import type { HeaderOp } from "./transport/transport.ts";

/** How one request's session is opened. */
export interface OpenOptions {
  /**
   * False for a request that is no sign of life (polling, a beacon): the idle deadline stays where it is. Default true.
   */
  readonly touch?: boolean | undefined;
  /**
   * What stands for the request: `open` with the same key gives the same session. For adapters whose framework makes
   * several objects of one request (a clone, a wrapper, a request of its own for each middleware): the object that all
   * of them share. Default: the request itself.
   */
  readonly key?: object | undefined;
  /**
   * True where no cookie can be sent: a server component, a socket, a stream that has begun. A session that is there
   * can be read, `update`d and asked for its flash messages (with data in the cookie: read), and its use is written
   * down. Whatever would need a cookie (`login`, `rotate`, `logout`, changes to `data`, a new session) is refused with
   * SOJOURN_READ_ONLY, and a new session is never stored. Default false.
   */
  readonly readOnly?: boolean | undefined;
}

/** How a request ended, for `commit`. */
export interface CommitOptions {
  /**
   * The HTTP status of the answer, a whole number of three digits; 500 and above mean that the request failed. Default
   * 200.
   */
  readonly status?: number | undefined;
  /** True when the request failed though its status does not say so (a batch, GraphQL). Default: by the status. */
  readonly failed?: boolean | undefined;
}

/** What every mode can do. */
export interface Sessions<Data extends object> {
  /**
   * The session of a request. One request has one session: asking again gives the same object, also for a clone of a
   * Fetch request, for a Node request that an adapter has opened, and for what wraps either as `raw`. With
   * `sojourn/context`, whatever stands for the running request is recognised.
   *
   * @throws SOJOURN_STORE_UNAVAILABLE when the store is down; SOJOURN_INVALID_OPTION for what is no request. Nothing
   *   that a client sent makes it throw.
   */
  open(request: RequestLike, options?: OpenOptions): Promise<Session<Data>>;
  /**
   * Saves what changed and gives the headers for the response; call it before the first byte is sent.
   * Not a promise when there was nothing to save. With a `status` of 500 or more the request has failed: changes to
   * `data` and flash messages are given up, and only what the verbs have done already is told to the client.
   *
   * @throws SOJOURN_STORE_UNAVAILABLE, SOJOURN_DATA_NOT_SERIALISABLE, SOJOURN_INVALID_DATA,
   *   SOJOURN_COOKIE_TOO_LARGE, SOJOURN_CONFLICT; nothing was sent then, and the client keeps what it had.
   */
  commit(session: Session<Data>, options?: CommitOptions): readonly HeaderOp[] | Promise<readonly HeaderOp[]>;
  /**
   * Opens, runs the handler, commits, and puts the headers on its response. Refuses cross-site requests
   * (403) and answers 503 when the store is down. When the handler throws, changes to `data` are not saved. A Response
   * that it throws is its answer, and so are the redirects and "not found" that frameworks throw (Next, SvelteKit).
   */
  handle(request: Request, handler: Handler<Data>, options?: HandleOptions): Promise<Response>;
  /**
   * Whether the request may change something for this session, by fetch metadata, Origin and token; a WebSocket
   * handshake (Socket.IO's polling too) by its exact Origin. Adapters ask before the application runs.
   *
   * Not a promise when no token has to be looked for.
   *
   * @param readBody Gives the parsed body, or the form's field of that name; asked only when a token is
   *   needed and the header has none.
   */
  protect(request: RequestLike, session: Session<Data>, readBody?: ReadBody): Protection | Promise<Protection>;
  /** Whether a WebSocket handshake comes from a page of this application, by its Origin; ask before you accept it. */
  protectUpgrade(request: RequestLike): Protection;
  /**
   * A link that carries the session, for a client without cookies. Whoever has the link has the session: give it a
   * short life, and read in docs/transports.md when not to use it.
   *
   * @param href A path, or an absolute URL of this application: of the host that was asked, or of `csrf.origin`.
   * @param options.expiresIn How long the link works. Default 5 min, at least 1 s.
   * @throws SOJOURN_UNSUPPORTED without `urlTransport()` among the `transports`; SOJOURN_INVALID_OPTION for what leads
   *   to another host.
   */
  link(session: Session<Data>, href: string, options?: { readonly expiresIn?: Duration | undefined }): Promise<string>;
  /** The limits in force, for an auditor (ASVS 7.1.1). */
  readonly policy: Policy;
}

/** The limits in force, in milliseconds and resolved: for a page of an audit, or a test that pins them. */
export interface Policy {
  readonly mode: Mode;
  readonly store: string;
  readonly idleMs: number;
  readonly lifetimeMs: number;
  readonly rotateEveryMs: number;
  readonly maxSessionsPerUser: number | undefined;
  readonly justification: string | undefined;
}

/** With a store: sessions can be reached and ended from outside. */
export interface StoreSessions<Data extends object> extends Sessions<Data> {
  /** A live session by its public id; null when there is none. With data in the cookie its `data` is empty. */
  get(id: SessionKey): Promise<Session<Data> | null>;
  /** Ends a session by its public id. Once it has resolved, nothing brings it back. True when there was one. */
  revoke(id: SessionKey): Promise<boolean>;
  /** Closes the store, when it can be closed. */
  close(): Promise<void>;
}

/** For `revokeUser`. */
export interface RevokeOptions {
  /** The session of the request that asks. Default: none, and a login of the same request is refused as revoked. */
  readonly by?: Session<object> | undefined;
}

/** With a user index. */
export interface UserSessions<Data extends object> extends StoreSessions<Data> {
  /** A user's live sessions, oldest first. */
  list(userId: string, page?: PageRequest): Promise<Page<SessionInfo>>;
  /**
   * Ends all sessions of a user, and refuses every login whose request had arrived by now, however long its password
   * check takes; how many sessions there were. Clocks of servers that differ by d can let a login through that arrived
   * up to d before.
   *
   * @param options.by The session of the request that asks, when that request goes on to log the user in itself (a
   *   password was reset): its login counts from after the revocation.
   */
  revokeUser(userId: string, options?: RevokeOptions): Promise<number>;
  /** Ends the other sessions of this session's user ("log out my other devices"). */
  revokeOthers(session: Session<Data>): Promise<number>;
}

/** With a store that can be walked through. */
export interface AllSessions<Data extends object> extends UserSessions<Data> {
  /** Everybody's live sessions, page by page. */
  listAll(page?: PageRequest): Promise<Page<SessionInfo>>;
  /** Ends every session of everybody. */
  revokeAll(): Promise<number>;
}

/** What `sessions.handle` and the Fetch adapter run. */
export type Handler<Data extends object> = (session: Session<Data>, request: Request) => Response | Promise<Response>;

/** For one request of `sessions.handle`. */
export interface HandleOptions extends OpenOptions {
  /**
   * The request as the core is to see it, where an adapter knows more of it than a Fetch request does. Default: the
   * request.
   */
  readonly source?: RequestLike | undefined;
  /** The client's address, asked when somebody needs it (the device of a login). Default: that of `source`, or none. */
  readonly address?: (() => string | undefined) | undefined;
  /** False leaves the check of where requests come from to somebody else. Default true. */
  readonly csrf?: boolean | undefined;
  /**
   * Gives the parsed body, or the form's field of that name, when a token is needed and the header has none. Default:
   * reads the field from a copy of the body of forms up to 1 MiB.
   */
  readonly readBody?: ReadBody | undefined;
  /**
   * Answers an error: a request that was refused (SOJOURN_CROSS_SITE), a store that is down, what the handler threw,
   * what could not be saved. Default, and when it gives undefined: the answer has the status of the Sojourn error when
   * that is below 500 or 503; every other error, those of Sojourn with status 500 included, is thrown on. When the
   * client has to be told of a verb that took effect, it is not thrown but logged and answered with 500.
   */
  readonly onError?: ((error: unknown) => Response | undefined | Promise<Response | undefined>) | undefined;
  /**
   * What the handler threw as its answer: a Response for it, or undefined when it is an error. Default: `answerOf` of
   * `sojourn/adapter`, which knows Responses and what Next and SvelteKit throw.
   */
  readonly isAnswer?: ((thrown: unknown) => Response | undefined) | undefined;
}

/** Whether a request is let through, and why. */
export interface Protection {
  readonly allowed: boolean;
  /** Why, from a closed list; a token was needed and was not there ("missing-token") or did not fit ("wrong-token"). */
  readonly reason: ProtectionReason;
  /** SOJOURN_CROSS_SITE, status 403, when it is not allowed: for the framework's own error handler. */
  readonly error?: CrossSiteError | undefined;
}

/** Reads the parsed body, or the one field of a form, when a token is needed and the header has none. */
export type ReadBody = (field: string) => unknown;

/** One session in a list: what a person or an operator needs, and nothing that could be used as it. */
export interface SessionInfo {
  readonly id: SessionKey;
  readonly userId: string | undefined;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly authenticatedAt: Date | undefined;
  readonly factors: readonly string[];
  readonly device: Device | undefined;
}
