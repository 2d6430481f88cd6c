/**
 * Sojourn for tRPC 11: the session in the context, and what a failing procedure of a batch changed is given up.
 *
 * @module
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Session, Sessions } from "../index.ts";
import { isSessionError, SessionError } from "../index.ts";
import { inHand, type NodeRequest, nodeOpening, partOf } from "./adapter.ts";

/** The context of procedures: give it to `initTRPC.context<SessionContext<MyData>>()`, or spread it into your own. */
export interface SessionContext<Data extends object = Record<string, unknown>> {
  readonly session: Session<Data>;
}

/** What tRPC gives `createContext`: the request of its adapter, and for a WebSocket its socket where `res` would be. */
export interface TrpcCall {
  readonly req: object;
  readonly res?: unknown;
}

/**
 * For `createContext`, with each adapter of tRPC: the session that the framework's adapter of Sojourn has opened around
 * it (`withSession`, `expressSession`, `fastifySession`…). A batch has one session, one commit and one cookie.
 *
 * Of a WebSocket the handshake is checked (its own origin only) and opened `readOnly`; the session is read again for
 * each call, and the socket is closed with 4401 when the session ends, so that the client connects anew.
 *
 * @returns The function. It throws SOJOURN_UNSUPPORTED when nobody has opened a session, for nobody would save it.
 * @example
 * ```ts
 * import { sessionContext } from "sojourn/trpc";
 *
 * const createContext = sessionContext(sessions);
 * const answer = await sessions.handle(request, async (session) => {
 *   const context = await createContext({ req: request }); // tRPC's handler calls it
 *   return new Response(context.session === session ? "one session" : "two");
 * });
 * await answer.text(); // → "one session"
 * ```
 */
export function sessionContext<Data extends object>(
  sessions: Sessions<Data>,
): (call: TrpcCall) => Promise<SessionContext<Data>> {
  return async ({ req, res }) => {
    const below = (req as { readonly raw?: object }).raw ?? req;
    const session = nodeOpening(sessions, below as NodeRequest)?.session ?? inHand(sessions, req as Request);
    if (session) return { session };
    if (isHandshake(req)) return { session: await ofSocket(sessions, req, res) };
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "There is no session for this call: put tRPC's handler inside of `withSession`, or behind your framework's " +
        "adapter, so that the session is saved.",
    );
  };
}

/** What a procedure's result looks like from a middleware. */
interface Outcome {
  readonly ok: boolean;
  readonly error?: Error;
}

/**
 * A middleware for the procedure that all others are made of: `t.procedure.use(sessionMiddleware)`.
 *
 * - What a procedure changed in `session.data` is kept when it succeeds, and given up when it fails, whatever becomes
 *   of the others in its batch. `update` and the verbs (`login`, `logout`…) have taken effect when they resolve.
 * - Errors of Sojourn get the code of tRPC that fits their status (UNAUTHORIZED, FORBIDDEN, CONFLICT,
 *   SERVICE_UNAVAILABLE…), and their own code for a message.
 *
 * @example
 * ```ts
 * import { sessionMiddleware } from "sojourn/trpc";
 *
 * // const t = initTRPC.context<SessionContext<MyData>>().create();
 * // export const procedure = t.procedure.use(sessionMiddleware);
 * await sessionMiddleware({ ctx: { session }, next: async ({ ctx }) => ({ ok: ctx.session.id === session.id }) });
 * ```
 */
export async function sessionMiddleware<Data extends object, Result extends Outcome>({
  ctx,
  next,
}: {
  readonly ctx: SessionContext<Data>;
  readonly next: (given: { readonly ctx: SessionContext<Data> }) => Promise<Result>;
}): Promise<Result> {
  const part = partOf(ctx.session);
  try {
    // A socket's session is as old as the socket.
    if (part.readOnly) await part.reload();
    const result = await next({ ctx: { session: part } });
    if (result.ok) {
      part.keep();
      return result;
    }
    part.drop();
    const cause = result.error?.cause;
    return isSessionError(cause) ? { ...result, error: trpcError(cause) } : result;
  } catch (error) {
    throw isSessionError(error) ? trpcError(error) : error;
  }
}

const CODES: Record<number, string> = {
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  409: "CONFLICT",
  413: "PAYLOAD_TOO_LARGE",
  503: "SERVICE_UNAVAILABLE",
};

/** tRPC knows its errors by their name. Messages of ours are for whoever runs the application. */
function trpcError(cause: SessionError): Error {
  const error = new Error(cause.code, { cause });
  error.name = "TRPCError";
  return Object.assign(error, { code: CODES[cause.status] ?? "INTERNAL_SERVER_ERROR" });
}

/** A request of Node that asks for a WebSocket. */
type Handshake = NodeRequest & { readonly headers: IncomingHttpHeaders };

function isHandshake(req: object): req is Handshake {
  const { headers } = req as { readonly headers?: { readonly upgrade?: unknown } };
  return typeof headers?.upgrade === "string" && /websocket/i.test(headers.upgrade);
}

interface Socket {
  close(code: number): unknown;
  once?(event: "close", listener: () => void): unknown;
}

async function ofSocket<Data extends object>(
  sessions: Sessions<Data>,
  req: Handshake,
  socket: unknown,
): Promise<Session<Data>> {
  const protection = sessions.protectUpgrade(req);
  if (!protection.allowed) throw protection.error ?? new Error(protection.reason);
  const session = await sessions.open(req, { readOnly: true });
  const { close, once } = socket as Partial<Socket>;
  if (typeof close === "function" && typeof once === "function") {
    session.signal.addEventListener("abort", () => close.call(socket, 4401));
    once.call(socket, "close", () => session.release());
  }
  return session;
}
