/**
 * Sojourn for NestJS, over both of its HTTP adapters.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import { type OpenOptions, type Session, SessionError, type Sessions } from "../index.ts";
import {
  logFailure,
  type NodeOpening,
  type NodeRequest,
  type NodeResponse,
  type OnError,
  openNode,
  ready,
} from "./adapter.ts";
import type { NestConsumer, NestContext, NestDynamicModule, NestFactory } from "./nest/structures.ts";

export type { NestConsumer, NestContext, NestDynamicModule, NestFactory };

/** Who checks for cross-site requests, and who hears of failures. */
export interface NestOptions extends Pick<OpenOptions, "touch"> {
  /** False leaves the check of where requests come from to `CsrfGuard`, or to you. Default true. */
  readonly csrf?: boolean | undefined;
  /** Hears what kept a session from being saved. Default: `console.error` for what answers 500. */
  readonly onError?: OnError | undefined;
  /** The paths that have a session, as Nest's `forRoutes` takes them. Default "{*path}": all. */
  readonly routes?: string | undefined;
  /**
   * Makes an exception of a refusal (401, 403, 503). Default: the error itself, which Nest's filter answers by its
   * `statusCode`, and logs. `(error) => new HttpException(error.code, error.status)` is not logged.
   */
  readonly toException?: ((error: SessionError) => unknown) | undefined;
}

/**
 * The token of the sessions for Nest's injection.
 *
 * @example
 * ```ts
 * import { SESSIONS } from "sojourn/nest";
 *
 * const inject = [SESSIONS]; // or: @Inject(SESSIONS) private readonly sessions: UserSessions<MyData>
 * ```
 */
export const SESSIONS: unique symbol = Symbol.for("sojourn.sessions");

interface Opened {
  readonly opening: NodeOpening<object>;
  readonly toException: (error: SessionError) => unknown;
}

const opened = new WeakMap<object, Opened>();

/**
 * Opens the session of each request, and holds the response back until it is saved, whatever sends it: a value,
 * `@Redirect`, `@Sse`, a `StreamableFile`, an exception filter. What was answered with a status below 500 is saved;
 * with 500 and above changes to `data` are not, while the verbs (`login`, `logout`…), which have taken effect, reach
 * the client with the error.
 *
 * Middleware runs before guards. A cross-site request (403) and a store that is down (503) go to the exception filters.
 *
 * @example
 * ```ts
 * import { SessionModule } from "sojourn/nest";
 *
 * const imports = [SessionModule.forRoot(sessions)]; // of the root module
 * ```
 */
export const SessionModule = {
  /**
   * @param sessions What `createSessions` gave.
   */
  forRoot<Data extends object>(sessions: Sessions<Data>, options: NestOptions = {}): NestDynamicModule {
    return SessionModule.forRootAsync({ useFactory: () => sessions }, options);
  },

  /** The same for sessions that are made of what other modules provide. */
  forRootAsync<Data extends object, Injected extends readonly never[]>(
    { imports = [], inject = [], useFactory }: NestFactory<Sessions<Data>, Injected>,
    options: NestOptions = {},
  ): NestDynamicModule {
    checkKnown(options, { csrf: true, onError: true, routes: true, toException: true, touch: true });
    let sessions: Sessions<Data>;
    const make = async (...injected: Injected): Promise<Sessions<Data>> => {
      sessions = await useFactory(...injected);
      ready(sessions);
      return sessions;
    };
    const module = class SojournModule {
      configure(consumer: NestConsumer): void {
        const { routes = "{*path}" } = options;
        consumer.apply((req, res, next) => void open(sessions, req, res, next, options)).forRoutes(routes);
      }
    };
    const provider = { provide: SESSIONS, inject: [...inject], useFactory: make };
    return { module, global: true, imports: [...imports], providers: [provider], exports: [SESSIONS] };
  },
};

async function open<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest & { readonly ip?: string; readonly body?: unknown },
  res: NodeResponse,
  next: (error?: unknown) => void,
  { csrf = true, onError = logFailure, touch, toException = (error) => error }: NestOptions,
): Promise<void> {
  let opening: NodeOpening<Data>;
  try {
    opening = await openNode(sessions, req, res, {
      touch,
      onError,
      csrf: csrf && (() => req.body),
      address: () => req.ip ?? req.socket.remoteAddress,
    });
  } catch (error) {
    return next(error instanceof SessionError ? toException(error) : error);
  }
  opened.set(req, { opening: opening as unknown as NodeOpening<object>, toException });
  // What Nest's own `@Session()` gives over Express.
  Object.assign(req, { session: opening.session });
  opening.run(next);
}

function openedIn(context: NestContext): Opened & { readonly request: { readonly body?: unknown } } {
  const graphql = context.getType() === "graphql";
  const found = graphql ? (context.getArgByIndex(2) as { req?: unknown })?.req : context.switchToHttp().getRequest();
  const request = found as { readonly raw?: object; readonly body?: unknown } | undefined;
  const here = request && opened.get(request.raw ?? request);
  if (here) return { ...here, request };
  throw new SessionError(
    "SOJOURN_UNSUPPORTED",
    "There is no session for this request: put `SessionModule.forRoot(sessions)` into the imports of the root module.",
  );
}

/**
 * The session of the request that a guard, an interceptor or a decorator is asked about.
 *
 * @throws SOJOURN_UNSUPPORTED when `SessionModule` is not imported.
 * @example
 * ```ts
 * import { currentSession, type NestContext } from "sojourn/nest";
 *
 * class AdminGuard {
 *   canActivate(context: NestContext): boolean {
 *     return currentSession<MyData>(context).userId === "admin";
 *   }
 * }
 * ```
 */
export function currentSession<Data extends object>(context: NestContext): Session<Data> {
  return openedIn(context).opening.session as unknown as Session<Data>;
}

/** Where Nest keeps what the decorators of parameters say, and how it knows those that are not its own. */
const ROUTE_ARGUMENTS = "__routeArguments__";
const OWN = "sojourn__customRouteArgs__";

/** `reflect-metadata`, which every application of Nest has loaded. */
interface Metadata {
  getMetadata(key: string, target: object, property: string | symbol | undefined): object | undefined;
  defineMetadata(key: string, value: object, target: object, property: string | symbol | undefined): void;
}

/**
 * The session as a parameter of a handler.
 *
 * @example
 * ```ts
 * import { CurrentSession } from "sojourn/nest";
 *
 * const decorator = CurrentSession(); // me(@CurrentSession() session: Session<MyData>) { … }
 * ```
 */
export function CurrentSession(): (target: object, property: string | symbol | undefined, index: number) => void {
  return (target, property, index) => {
    const { getMetadata, defineMetadata } = Reflect as unknown as Metadata;
    const controller = target.constructor;
    const factory = (_data: unknown, context: NestContext): unknown => currentSession(context);
    const ours = { [`${OWN}:${index}`]: { index, factory, data: undefined, pipes: [] } };
    const others = getMetadata(ROUTE_ARGUMENTS, controller, property);
    defineMetadata(ROUTE_ARGUMENTS, { ...others, ...ours }, controller, property);
  };
}

/**
 * Lets in who is logged in; others get 401: `@UseGuards(SignedIn)`.
 *
 * @example
 * ```ts
 * import { SignedIn } from "sojourn/nest";
 *
 * const guard = new SignedIn(); // app.useGlobalGuards(guard)
 * ```
 */
export class SignedIn {
  /** @throws SOJOURN_NOT_AUTHENTICATED (401), by `toException`. */
  canActivate(context: NestContext): boolean {
    const { opening, toException } = openedIn(context);
    if (opening.session.userId !== undefined) return true;
    throw toException(new SessionError("SOJOURN_NOT_AUTHENTICATED", "This needs a user who is logged in."));
  }
}

/**
 * The check for cross-site requests as a guard, behind the body parser: with `csrf: false`, where tokens come in forms
 * and the HTTP adapter is Fastify, whose middleware runs before the body is parsed. Make it the first global guard.
 *
 * @example
 * ```ts
 * import { CsrfGuard } from "sojourn/nest";
 *
 * const guard = new CsrfGuard(); // app.useGlobalGuards(guard)
 * ```
 */
export class CsrfGuard {
  /** @throws SOJOURN_CROSS_SITE (403), by `toException`. */
  async canActivate(context: NestContext): Promise<boolean> {
    const { opening, toException, request } = openedIn(context);
    try {
      await opening.protect(() => request.body);
      return true;
    } catch (error) {
      throw error instanceof SessionError ? toException(error) : error;
    }
  }
}
