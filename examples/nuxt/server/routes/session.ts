import { nodeSessionEndpoint } from "sojourn/endpoint";

const endpoint = nodeSessionEndpoint(sessions);

/** How a page hears of the end: for session-watch.vue. */
export default defineEventHandler(({ node: { req, res } }) => endpoint(req, res));
