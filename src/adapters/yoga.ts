/**
 * Sojourn for GraphQL Yoga 5, as a plugin. Nothing of GraphQL is imported.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import {
  logFailure,
  type NodeRequest,
  nodeOpening,
  partOf,
  refusal,
  respond,
  runRequest,
  SessionPart,
} from "./adapter.ts";
import { OpenedSessions } from "./opened-sessions.ts";
import { guardFields, tellErrors } from "./yoga/fields.ts";

/** What the plugin adds to the context of resolvers: `createSchema<YogaInitialContext & SessionContext<MyData>>`. */
export interface SessionContext<Data extends object = Record<string, unknown>> {
  session: Session<Data>;
}

/** Who checks for cross-site requests, and who hears of failures. */
export interface YogaOptions extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf"> {
  /** The client's address; it is recorded at login. Default: the other end of the connection on Node, elsewhere none. */
  readonly address?: ((request: Request) => string | undefined) | undefined;
  /**
   * Hears of refused requests and of what kept a session from being saved. Default: `console.error` for what answers
   * 500.
   */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined;
}

type RequestHandler = (request: Request, context: never) => Response | Promise<Response>;

interface RequestHook {
  readonly request: Request;
  readonly serverContext: unknown;
  readonly requestHandler: RequestHandler;
  setRequestHandler(handler: RequestHandler): void;
}

interface ContextHook {
  readonly context: object;
  extendContext(extension: object): void;
}

interface ResultHook {
  readonly result: unknown;
  readonly context: object;
}

interface SchemaHook {
  readonly schema: object;
}

/** The plugin, as Yoga and Envelop know it. */
export interface YogaPlugin {
  readonly onRequest: (hook: RequestHook) => void;
  readonly onContextBuilding: (hook: ContextHook) => void;
  readonly onSchemaChange: (hook: SchemaHook) => void;
  readonly onExecutionResult: (hook: ResultHook) => void;
}

const opened = new OpenedSessions("put `yogaSession(sessions)` into the plugins of `createYoga`.");

/**
 * The plugin: `createYoga({ schema, plugins: [yogaSession(sessions)] })`. Each resolver finds `session` in its context.
 *
 * - One request has one session, one commit and one cookie, operations of a batch included. Behind an adapter of
 *   Sojourn (Express, Fastify, Koa…) it is the session that was opened there.
 * - A field of a mutation that fails keeps nothing of what it changed in `session.data`, and an operation without data
 *   nothing at all, though their status is 200. `update` and the verbs (`login`…) have taken effect when they resolve.
 * - Errors of Sojourn that are for the client (401, 403, 409, 413, 503) reach it with their code, and set the status.
 * - Cross-site requests are refused with 403, and 503 is the answer when the store is down.
 *
 * @example
 * ```ts
 * import { yogaSession } from "sojourn/yoga";
 *
 * const plugin = yogaSession(sessions);
 * // createYoga({ schema, plugins: [plugin] })
 * ```
 */
export function yogaSession<Data extends object>(sessions: Sessions<Data>, given: YogaOptions = {}): YogaPlugin {
  checkKnown(given, { address: true, csrf: true, onError: true, touch: true });
  const { address, onError = logFailure, ...options } = given;
  return {
    onRequest({ serverContext, requestHandler, setRequestHandler }) {
      const { req } = (serverContext ?? {}) as { readonly req?: NodeRequest };
      setRequestHandler((request, context) => {
        const run = (session: Session<Data>): Response | Promise<Response> => {
          opened.keep(sessions, request, session);
          return requestHandler(request, context);
        };
        const outer = req && nodeOpening(sessions, req);
        if (outer) return run(outer.session);
        return runRequest(sessions, request, run, {
          ...options,
          address: addressOf(request, req, address),
          onError(error) {
            onError(error, request);
            return respond(refusal(error));
          },
        });
      });
    },
    onContextBuilding({ context, extendContext }) {
      const { request } = context as { readonly request?: Request };
      if (request) extendContext({ session: partOf(opened.of(sessions, request)) });
    },
    onSchemaChange: ({ schema }) => guardFields(schema),
    onExecutionResult({ result, context }) {
      const { session } = context as Partial<SessionContext>;
      const { data, errors } = (result ?? {}) as { readonly data?: unknown; readonly errors?: readonly object[] };
      if (errors) tellErrors(errors, context);
      if (!(session instanceof SessionPart)) return;
      if (errors?.length && (data === null || data === undefined)) session.drop();
      else session.keep();
    },
  };
}

function addressOf(
  request: Request,
  req: NodeRequest | undefined,
  address: YogaOptions["address"],
): (() => string | undefined) | undefined {
  if (address) return () => address(request);
  return req && (() => req.socket?.remoteAddress);
}
