import { createMiddleware, createStart } from "@tanstack/react-start";
import { sessionEndpoint } from "sojourn/endpoint";
import { type StartContext, startSession } from "sojourn/tanstack-start";
import { type Data, sessions } from "./lib/sessions.server";

/** What the page may know of its session. Before the session, for a page that only looks is no sign of life. */
const facts = createMiddleware().server(({ next, pathname, request }) =>
  pathname === "/session" ? sessionEndpoint(sessions)(request) : next(),
);

const session = createMiddleware().server<StartContext<Data>>(startSession(sessions));

export const startInstance = createStart(() => ({ requestMiddleware: [facts, session] }));
