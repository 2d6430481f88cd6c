/**
 * Sojourn for Fastify 5.
 *
 * @module
 */

import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { checkKnown } from "../errors.ts";
import { type OpenOptions, type Session, SessionError, type Sessions } from "../index.ts";
import { logFailure, type NodeOpening, nodeOpening, type OnError, openNode, ready } from "./adapter.ts";

/** Who checks for cross-site requests, who hears of failures, and how the session is called. */
export interface FastifySessionOptions extends Pick<OpenOptions, "touch"> {
  /** False leaves the check of where requests come from to you. Default true. */
  readonly csrf?: boolean | undefined;
  /** The name of the request's decorator. Default "session". */
  readonly decorator?: string | undefined;
  /** Hears what kept a session from being saved. Default: `console.error` for what answers 500. */
  readonly onError?: OnError | undefined;
}

/**
 * A plugin that puts the session on `request.session`, and holds the response back until it is saved, whatever sends
 * it: `reply.send`, a stream, a `Response`, an error handler, `reply.hijack()`. What was answered with a status below
 * 500 is saved; with 500 and above changes to `data` are not, while the verbs (`login`, `logout`…), which have taken
 * effect, reach the client with the error.
 *
 * A cross-site request (403) and a store that is down (503) go to the error handler. Requests with a body are checked
 * when it is parsed, so that the token of a form is found; others at once. Addresses are `request.ip`, so set
 * `trustProxy`.
 *
 * `app.inject()` sends neither `Origin` nor `Sec-Fetch-Site`: give it one for whatever changes something.
 *
 * @example
 * ```ts no-run
 * import Fastify from "fastify";
 * import { fastifySession, getSession } from "sojourn/fastify";
 *
 * const app = Fastify();
 * await app.register(fastifySession(sessions));
 * app.post("/login", async (request, reply) => {
 *   await getSession(sessions, request).login(await authenticate(request.body));
 *   return reply.redirect("/", 303);
 * });
 * ```
 */
export function fastifySession<Data extends object>(
  sessions: Sessions<Data>,
  options: FastifySessionOptions = {},
): FastifyPluginAsync {
  checkKnown(options, { csrf: true, decorator: true, onError: true, touch: true });
  const { csrf = true, decorator = "session", onError = logFailure, touch } = options;
  const plugin: FastifyPluginAsync = async (app) => {
    ready(sessions);
    app.decorateRequest(decorator, null);
    app.addHook("onRequest", (request, reply, done) => {
      const opening = openNode(sessions, request.raw, reply.raw, {
        touch,
        url: request.originalUrl,
        address: () => request.ip,
        csrf: csrf && !hasBody(request),
        onError,
      });
      opening.then((opened) => {
        request.setDecorator(decorator, opened.session);
        opened.run(done);
      }, done);
    });
    app.addHook("preValidation", (request, _reply, done) => {
      const opened = nodeOpening(sessions, request.raw);
      if (!opened) return done();
      // What reads the body has left the context behind.
      if (!csrf) return opened.run(done);
      opened.protect(() => request.body).then(() => opened.run(done), done);
    });
  };
  return Object.assign(plugin, {
    // For the whole application, and not only for what is registered within.
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "sojourn",
    [Symbol.for("plugin-meta")]: { name: "sojourn", fastify: "5.x" },
  });
}

/**
 * The session that the plugin opened for this request, with its type.
 *
 * @throws SOJOURN_UNSUPPORTED when the plugin is not registered.
 * @example
 * ```ts no-run
 * import Fastify from "fastify";
 * import { fastifySession, getSession } from "sojourn/fastify";
 *
 * const app = Fastify();
 * await app.register(fastifySession(sessions));
 * app.get("/", async (request) => getSession(sessions, request).userId ?? "stranger");
 * ```
 */
export function getSession<Data extends object>(
  sessions: Sessions<Data>,
  request: Pick<FastifyRequest, "raw">,
): Session<Data> {
  const opening: NodeOpening<Data> | undefined = nodeOpening(sessions, request.raw);
  if (opening) return opening.session;
  throw new SessionError(
    "SOJOURN_UNSUPPORTED",
    "There is no session for this request: `await app.register(fastifySession(sessions))` before the routes.",
  );
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
