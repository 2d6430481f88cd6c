/**
 * The session endpoint: what a page may know of its session, how it keeps it alive, and how it hears of its end. The
 * other half, for the browser, is `sojourn/client`.
 *
 * @module
 */

import type { SessionFacts } from "../client/facts.ts";
import { checkKnown } from "../errors.ts";
import type { Clock, Duration, Session, Sessions } from "../index.ts";
import { runRequest } from "./adapter.ts";
import { factsOf, type Told, tellOf } from "./endpoint/facts.ts";
import { type Answer, type NodeEndpoint, nodeEndpoint } from "./endpoint/node-endpoint.ts";
import { endStream } from "./endpoint/stream.ts";

export type { NodeEndpoint, SessionFacts };

/** @typeParam Public What the page is told beside the facts. */
export interface EndpointOptions<Data extends object, Public> {
  /**
   * What of the session the page may know, as JSON; asked for anonymous sessions, too. It is shown to every script of
   * the page: choose fields, and never hand on `session.data` as it is. Default: nothing.
   */
  readonly public?: ((session: Session<Data>) => Public | Promise<Public>) | undefined;
  /**
   * False where a response cannot stay open (many serverless platforms): pages then hear of an end when they are looked
   * at again. Default true; a stateless session has no end that somebody could tell of, so there it is always false.
   */
  readonly stream?: boolean | undefined;
  /**
   * How often a stream that has nothing to say sends a comment, so that proxies keep it open. Default 25 s, 1 s to 1 h.
   * Longer than your proxy's idle timeout, and streams are cut and opened again.
   */
  readonly heartbeat?: Duration | undefined;
  /** The clock that `createSessions` was given. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/**
 * A Fetch handler for one address of your application, `/session` by custom. Mount it outside of a session middleware:
 * that would have opened the session before, and each look would be a sign of life.
 *
 * - `GET` gives `SessionFacts` as JSON and is no sign of life: a page that only counts down does not keep anybody
 *   logged in.
 * - `POST` is one: it keeps the session alive, and gives the same. It is checked for cross-site requests as any other.
 * - `?csrf=1` on either adds a CSRF token; for that an anonymous session is stored.
 * - `GET` with `accept: text/event-stream` gives the facts as an event `session`, and stays open until the session ends
 *   anywhere: an event `end` with its reason, and the stream is over. 204, on which `EventSource` gives up, while
 *   nobody is logged in.
 *
 * Nothing of it is cached, and no other origin can read it. While the store is down it answers 503, which ends nothing.
 *
 * @throws SOJOURN_INVALID_OPTION for a `heartbeat` that is no duration, or out of bounds.
 * @example
 * ```ts
 * import { sessionEndpoint } from "sojourn/endpoint";
 *
 * const endpoint = sessionEndpoint(sessions, { public: (session) => ({ theme: session.data.theme ?? "light" }) });
 *
 * const answer = await endpoint(new Request("https://app.example/session"));
 * (await answer.json()).userId; // → null
 * ```
 */
export function sessionEndpoint<Data extends object, Public = null>(
  sessions: Sessions<Data>,
  options: EndpointOptions<Data, Public> = {},
): (request: Request) => Promise<Response> {
  const answer = answering(sessions, options);
  return (request) => answer(request);
}

/**
 * The same as a listener for `node:http` and as a route for Express: `app.use("/session",
 * nodeSessionEndpoint(sessions))`, before `expressSession(sessions)`.
 *
 * @throws SOJOURN_INVALID_OPTION as `sessionEndpoint`.
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { nodeSessionEndpoint } from "sojourn/endpoint";
 *
 * const endpoint = nodeSessionEndpoint(sessions, { public: (session) => ({ theme: session.data.theme }) });
 * const server = createServer((req, res) => endpoint(req, res));
 * ```
 */
export function nodeSessionEndpoint<Data extends object, Public = null>(
  sessions: Sessions<Data>,
  options: EndpointOptions<Data, Public> = {},
): NodeEndpoint {
  return nodeEndpoint(answering(sessions, options));
}

const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff", vary: "Accept, Cookie" };

function answering<Data extends object, Public>(
  sessions: Sessions<Data>,
  options: EndpointOptions<Data, Public>,
): Answer {
  checkKnown(options, { public: true, stream: true, heartbeat: true, clock: true });
  const { clock = Date.now } = options;
  const tell = tellOf(options.public);
  // Asked by a request and not here: `next build` and `vite build` evaluate the module, and have no secret.
  const canStream = (): boolean => options.stream !== false && sessions.policy.mode !== "stateless";
  const streamOf = endStream(options.heartbeat);
  return async (request, how) => {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD" && method !== "POST")
      return new Response(null, { status: 405, headers: { ...HEADERS, allow: "GET, HEAD, POST" } });
    const wantsStream = method === "GET" && (request.headers.get("accept") ?? "").includes("text/event-stream");
    const streams = canStream();
    let opened: { readonly session: Session<Data>; readonly told: Told<Public> } | undefined;
    const run = async (session: Session<Data>): Promise<Response> => {
      if (wantsStream && (!streams || session.userId === undefined))
        return new Response(null, { status: 204, headers: HEADERS });
      const told = await tell(session, new URL(request.url).searchParams.has("csrf"));
      if (wantsStream) {
        const facts = factsOf(session, told, clock(), streams);
        return new Response(streamOf(session.signal, facts), { headers: { ...HEADERS, ...STREAM } });
      }
      opened = { session, told };
      return new Response(null, { headers: HEADERS });
    };
    const response = await runRequest(sessions, request, run, { ...how, touch: method === "POST" });
    if (!opened || response.status !== 200) return response;
    // The times are those after the commit: a sign of life has moved the idle limit.
    const facts = factsOf(opened.session, opened.told, clock(), streams);
    const answer = new Response(JSON.stringify(facts), response);
    answer.headers.set("content-type", "application/json");
    return answer;
  };
}

/**
 * Proxies of nginx's kind hold a response back until it is complete, and compressors until they have enough, unless
 * they are told.
 */
const STREAM = {
  "content-type": "text/event-stream",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};
