import { sessionEndpoint } from "sojourn/endpoint";
import { sessions } from "../../lib/sessions";

/** What the page may know of its session, and how it hears of the end: for session-watch.tsx. */
export const GET = sessionEndpoint(sessions);
export const POST = GET;
