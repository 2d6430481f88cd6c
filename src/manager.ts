/**
 * Sessions of one application: the request's path, and what can be done from outside of it.
 *
 *   read → verify → load → judge   open.ts
 *   … the application runs …
 *   plan → execute → write         commit/
 */
import { commit } from "./commit/commit.ts";
import type { Context } from "./context.ts";
import type { Duration } from "./duration.ts";
import { type HandleOptions, type Handler, handle } from "./handle.ts";
import { linkTo } from "./links.ts";
import { Memo } from "./memo.ts";
import { openState } from "./open.ts";
import type { AnyOptions, FullStore, InitialOption, LimitOptions, StatelessOptions, StoreOptions } from "./options.ts";
import { type Protection, protect, protectUpgrade, type ReadBody } from "./protect.ts";
import type { SessionKey } from "./record.ts";
import { type RequestLike, sourceOf } from "./request.ts";
import { resolveOptions } from "./resolve.ts";
import { Session, stateOf } from "./session.ts";
import type { Page, PageRequest, Store, UserStore } from "./stores/store.ts";
import { isClosableStore } from "./stores/store.ts";
import type { HeaderOp } from "./transport/transport.ts";
import { getSession, list, listAll, revoke, revokeAll, revokeOthers, revokeUser, type SessionInfo } from "./users.ts";

/** How one request's session is opened. */
export interface OpenOptions {
  /** False for a request that is no sign of life (polling, a beacon): the idle deadline stays where it is. Default true. */
  readonly touch?: boolean | undefined;
}

/** What every mode can do. */
export interface Sessions<Data extends object> {
  /**
   * The session of a request. One request has one session: asking again gives the same object.
   *
   * @throws SOJOURN_STORE_UNAVAILABLE when the store is down. Nothing that a client sent makes it throw.
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
  commit(
    session: Session<Data>,
    options?: { readonly status?: number | undefined },
  ): readonly HeaderOp[] | Promise<readonly HeaderOp[]>;
  /**
   * Opens, runs the handler, commits, and puts the headers on its response. Refuses cross-site requests
   * (403) and answers 503 when the store is down. When the handler throws, nothing is saved; a Response that it throws is its answer.
   */
  handle(request: Request, handler: Handler<Data>, options?: HandleOptions): Promise<Response>;
  /**
   * Whether the request may change something for this session, by fetch metadata, Origin and token.
   * Adapters ask before the application runs.
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
   * @param href A path, or an absolute URL of this application.
   * @param options.expiresIn How long the link works. Default 5 min, at least 1 s.
   * @throws SOJOURN_UNSUPPORTED without `urlTransport()` among the `transports`.
   */
  link(session: Session<Data>, href: string, options?: { readonly expiresIn?: Duration | undefined }): Promise<string>;
  /** The limits in force, for an auditor (ASVS 7.1.1). */
  readonly policy: Policy;
}

/** The limits in force, in milliseconds and resolved: for a page of an audit, or a test that pins them. */
export interface Policy {
  readonly mode: Context["mode"];
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

/** With a user index. */
export interface UserSessions<Data extends object> extends StoreSessions<Data> {
  /** A user's live sessions, oldest first. */
  list(userId: string, page?: PageRequest): Promise<Page<SessionInfo>>;
  /** Ends all sessions of a user, those included whose login was under way; how many there were. */
  revokeUser(userId: string): Promise<number>;
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

/**
 * Sets up sessions.
 *
 * With a `store`, only an opaque token is in the cookie. With `data: "cookie"` beside it, the data is
 * sealed in the cookie and the store keeps what revocation needs. Without a store all of it is in the
 * cookie and nothing can be revoked; the type that is returned has no verb for it then.
 *
 * @throws SOJOURN_INVALID_OPTION, SOJOURN_WEAK_SECRET: each names the option, what was found and what to do.
 * @example
 * ```ts
 * const sessions = createSessions<{ count?: number }>({ store: memoryStore() });
 * const response = await sessions.handle(request, async (session) => {
 *   const count = await session.update("count", (n = 0) => n + 1);
 *   return new Response(`Count: ${count}`);
 * });
 * ```
 */
export function createSessions<Data extends object = Record<string, unknown>>(
  options: StoreOptions<Data> & LimitOptions & InitialOption<Data> & { readonly store: FullStore },
): AllSessions<Data>;
export function createSessions<Data extends object = Record<string, unknown>>(
  options: StoreOptions<Data> & LimitOptions & InitialOption<Data> & { readonly store: UserStore },
): UserSessions<Data>;
export function createSessions<Data extends object = Record<string, unknown>>(
  options: StoreOptions<Data> &
    InitialOption<Data> & { readonly store: Store } & { readonly [Key in keyof LimitOptions]?: undefined },
): StoreSessions<Data>;
export function createSessions<Data extends object = Record<string, unknown>>(
  options: StatelessOptions<Data> & InitialOption<Data>,
): Sessions<Data>;
export function createSessions<Data extends object = Record<string, unknown>>(
  ...none: Record<never, never> extends Data ? [] : [never]
): Sessions<Data>;
export function createSessions<Data extends object>(options: AnyOptions<Data> = {}): Sessions<Data> {
  const context = resolveOptions(options);
  const sessions = requestVerbs<Data>(context);
  return Object.freeze(context.mode === "stateless" ? sessions : { ...sessions, ...outsideVerbs<Data>(context) });
}

function requestVerbs<Data extends object>(context: Context): Sessions<Data> {
  const opened = new Memo<Promise<Session<Data>>>();
  const openSession = async (request: RequestLike, mayTouch: boolean): Promise<Session<Data>> => {
    try {
      return new Session<Data>(await openState(context, sourceOf(request), mayTouch));
    } catch (error) {
      // A request that comes again when the store is back gets another answer.
      opened.set(request, undefined);
      throw error;
    }
  };
  const sessions: Sessions<Data> = {
    open(request, options) {
      let session = opened.get(request);
      if (!session) {
        session = openSession(request, options?.touch ?? true);
        opened.set(request, session);
      }
      return session;
    },
    commit: (session, options) => commit(stateOf(session), options?.status),
    handle: (request, handler, options) => handle(sessions, request, handler, options),
    protect: (request, session, readBody) => protect(context, sourceOf(request), session, readBody),
    protectUpgrade: (request) => protectUpgrade(context, sourceOf(request)),
    link: (session, href, options) => linkTo(context, session, href, options?.expiresIn ?? "5m"),
    policy: policyOf(context),
  };
  return sessions;
}

/** All of them; the types tell which of them the store can do, and the others throw SOJOURN_UNSUPPORTED. */
function outsideVerbs<Data extends object>(context: Context): Omit<AllSessions<Data>, keyof Sessions<Data>> {
  return {
    get: (id) => getSession(context, id) as Promise<Session<Data> | null>,
    revoke: (id) => revoke(context, id),
    list: (userId, page) => list(context, userId, page),
    listAll: (page) => listAll(context, page),
    revokeUser: (userId) => revokeUser(context, userId),
    revokeOthers: (session) => revokeOthers(context, session),
    revokeAll: () => revokeAll(context),
    close: async () => (isClosableStore(context.store) ? context.store.close() : undefined),
  };
}

function policyOf({ mode, store, lifetime, rotateEvery, limit }: Context): Policy {
  return Object.freeze({
    mode,
    store: store.name,
    idleMs: lifetime.idle,
    lifetimeMs: lifetime.lifetime,
    rotateEveryMs: rotateEvery,
    maxSessionsPerUser: limit,
    justification: lifetime.justification,
  });
}
