import { createMiddleware } from "@solidjs/start/middleware";
import { sessionEndpoint } from "sojourn/endpoint";
import { h3Session } from "sojourn/h3";
import { sessions } from "./lib/sessions";

const endpoint = sessionEndpoint(sessions);

export default createMiddleware([
  // What the page may know. Before the session, for a page that only looks is no sign of life.
  ({ req, url }, next) => (url.pathname === "/session" ? endpoint(req) : next()),
  h3Session(sessions),
]);
