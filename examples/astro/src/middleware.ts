import { defineMiddleware, sequence } from "astro:middleware";
import { astroSession } from "sojourn/astro";
import { sessionEndpoint } from "sojourn/endpoint";
import { sessions } from "./sessions";

const endpoint = sessionEndpoint(sessions);

/** What the page may know of its session. Before the session, for a page that only looks is no sign of life. */
const facts = defineMiddleware(({ request, url }, next) => (url.pathname === "/session" ? endpoint(request) : next()));

/** A middleware of the application, behind the session: who is not logged in has no devices. */
const guard = defineMiddleware(({ locals, redirect, url }, next) =>
  url.pathname === "/devices" && !locals.session.userId ? redirect("/", 303) : next(),
);

export const onRequest = sequence(facts, astroSession(sessions), guard);
