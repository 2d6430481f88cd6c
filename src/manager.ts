/**
 * Sessions of one application: the request's path, and what can be done from outside of it.
 *
 *   read → verify → load → judge   request/prove.ts, request/open.ts
 *   … the application runs …
 *   plan → execute → write         request/commit.ts
 */

import { getSession, list, listAll, revoke, revokeAll, revokeOthers, revokeUser } from "./admin.ts";
import { AttachedMap } from "./attached-map.ts";
import { type Awaitable, atOnce, chain, isPromise } from "./awaitable.ts";
import type {
  AnyOptions,
  FullStore,
  InitialOption,
  LimitOptions,
  StatelessOptions,
  StoreOptions,
} from "./config/options.ts";
import { resolveOptions } from "./config/resolve.ts";
import type { Context } from "./context.ts";
import { checkNames } from "./errors.ts";
import { commit } from "./request/commit.ts";
import { tellWith } from "./request/error-response.ts";
import { expectedBy } from "./request/first-use.ts";
import { handle } from "./request/handle.ts";
import { linkTo } from "./request/links.ts";
import { openSession } from "./request/open.ts";
import { protect, protectUpgrade } from "./request/protect.ts";
import { byRelative, followClones } from "./request/request-key.ts";
import { markHeaders } from "./request/response-headers.ts";
import { runningSession } from "./request/running.ts";
import type { Internals } from "./session/internals.ts";
import { internalsOf, Session } from "./session/session.ts";
import type {
  AllSessions,
  CommitOptions,
  HandleOptions,
  OpenOptions,
  Policy,
  Sessions,
  StoreSessions,
  UserSessions,
} from "./sessions.ts";
import type { Store, UserStore } from "./stores/store.ts";
import { noRequest, type RequestLike, sourceOf } from "./transport/source.ts";

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

const OPEN_OPTIONS = ["touch", "key", "readOnly"] satisfies (keyof OpenOptions)[];
const COMMIT_OPTIONS = ["status", "failed"] satisfies (keyof CommitOptions)[];
const HANDLE_OPTIONS = [
  ...OPEN_OPTIONS,
  ...(["source", "address", "csrf", "readBody", "onError", "isAnswer"] satisfies (keyof HandleOptions)[]),
];

function requestVerbs<Data extends object>(context: Context): Sessions<Data> {
  const opened = new AttachedMap<Awaitable<Session<Data>>>();
  const openNew = (request: RequestLike, key: object, options: OpenOptions): Awaitable<Session<Data>> => {
    const source = sourceOf(request);
    // A request that comes again when the store is back gets another answer.
    const failed = (error: unknown): never => {
      opened.set(key, undefined);
      tellWith(error, markHeaders(context, source));
      throw error;
    };
    try {
      const session = chain(openSession(context, source, options), sessionOf<Data>);
      return isPromise(session) ? session.catch(failed) : session;
    } catch (error) {
      return failed(error);
    }
  };
  const open = atOnce((request: RequestLike, options: OpenOptions = {}): Awaitable<Session<Data>> => {
    checkNames("open.", options, OPEN_OPTIONS);
    const key = options.key ?? request;
    if (typeof key !== "object" || key === null) throw noRequest(key);
    const known = opened.get(key) ?? (options.key ? undefined : knownBy(opened, request, open));
    if (known) return known;
    const session = openNew(request, key, options);
    opened.set(key, session);
    followClones(key);
    return session;
  });
  const sessions: Sessions<Data> = {
    open,
    commit(session, options = {}) {
      checkNames("commit.", options, COMMIT_OPTIONS);
      return commit(internalsOf(session), options);
    },
    async handle(request, handler, options = {}) {
      checkNames("handle.", options, HANDLE_OPTIONS);
      return handle(sessions, request, handler, options);
    },
    protect: (request, session, readBody) => protect(context, sourceOf(request), session, readBody),
    protectUpgrade: (request) => protectUpgrade(context, sourceOf(request)),
    async link(session, href, options = {}) {
      checkNames("link.", options, ["expiresIn"]);
      return linkTo(context, session, href, options.expiresIn ?? "5m");
    },
    policy: policyOf(context),
  };
  return sessions;
}

/**
 * What was opened only to be read is written down at once, as far as it can be: nothing will be sent, and nothing more
 * can be changed.
 */
function sessionOf<Data extends object>(opened: Internals): Awaitable<Session<Data>> {
  const session = new Session<Data>(opened);
  return opened.proof.readOnly ? chain(commit(opened), () => session) : session;
}

/** The session of a request that goes by another object: a clone, a wrapper, or whatever stands for the running one. */
function knownBy<Data extends object>(
  opened: AttachedMap<Awaitable<Session<Data>>>,
  request: RequestLike,
  by: object,
): Awaitable<Session<Data>> | undefined {
  const known = byRelative(request, (relative) => opened.get(relative));
  if (known) return known;
  const expected = expectedBy(by, request);
  if (expected) return expected() as Promise<Session<object>> as Promise<Session<Data>>;
  const running = runningSession(by, () => sourceOf(request));
  return running as Session<Data> | undefined;
}

/** All of them; the types tell which of them the store can do, and the others throw SOJOURN_UNSUPPORTED. */
function outsideVerbs<Data extends object>(context: Context): Omit<AllSessions<Data>, keyof Sessions<Data>> {
  return {
    get: (id) => getSession(context, id) as Promise<Session<Data> | null>,
    revoke: (id) => revoke(context, id),
    list: (userId, page) => list(context, userId, page),
    listAll: (page) => listAll(context, page),
    revokeUser: (userId, options) => revokeUser(context, userId, options),
    revokeOthers: (session) => revokeOthers(context, session),
    revokeAll: () => revokeAll(context),
    close: () => context.records.close(),
  };
}

function policyOf({ mode, records, lifetime, rotateEvery, limit }: Context): Policy {
  return Object.freeze({
    mode,
    store: records.storeName,
    idleMs: lifetime.idle,
    lifetimeMs: lifetime.lifetime,
    rotateEveryMs: rotateEvery,
    maxSessionsPerUser: limit,
    justification: lifetime.justification,
  });
}
