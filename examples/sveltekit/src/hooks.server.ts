import { type Handle, redirect } from "@sveltejs/kit";
import { sequence } from "@sveltejs/kit/hooks";
import { sessionEndpoint } from "sojourn/endpoint";
import { sessionHandle } from "sojourn/sveltekit";
import { building } from "$app/environment";
import { sessions } from "./lib/server/sessions";

const endpoint = sessionEndpoint(sessions);

/** What the page may know of its session. Before the handle, for a page that only looks is no sign of life. */
const facts: Handle = ({ event, resolve }) =>
  event.url.pathname === "/session" ? endpoint(event.request) : resolve(event);

/** A hook of the application, behind the session: who is not logged in has no devices. */
const guard: Handle = ({ event, resolve }) => {
  if (event.url.pathname === "/devices" && !event.locals.session.userId) redirect(303, "/");
  return resolve(event);
};

export const handle = sequence(facts, sessionHandle(sessions, { building }), guard);
