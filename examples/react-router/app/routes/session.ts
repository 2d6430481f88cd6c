import { sessionEndpoint } from "sojourn/endpoint";
import { sessions } from "../sessions.server";
import type { Route } from "./+types/session";

const endpoint = sessionEndpoint(sessions);

/** What the page may know of its session, and how it hears of the end: for session-watch.tsx. */
export const loader = ({ request }: Route.LoaderArgs) => endpoint(request);
export const action = ({ request }: Route.ActionArgs) => endpoint(request);
