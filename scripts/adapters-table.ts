/** The lines, the columns and the notes of docs/adapters.md. */

/** Why a cell is empty. */
export interface Note {
  readonly text: string;
}

export interface Column {
  readonly title: string;
  /** The suites' names for what is in it. */
  readonly adapters: readonly string[];
}

export interface Row {
  readonly title: string;
  /** Titles of the suites' tests: all of them. */
  readonly tests: readonly string[];
  /** Why a column has none. */
  readonly without?: (column: string) => Note | undefined;
}

export const columns: readonly Column[] = [
  { title: "Fetch", adapters: ["sessions.handle", "fetch"] },
  { title: "node:http", adapters: ["node, withSession", "node, openSession", "http2"] },
  { title: "Express 5", adapters: ["express"] },
  { title: "Express 4", adapters: ["express 4, on node"] },
  { title: "Fastify 5", adapters: ["fastify, on node"] },
  { title: "Koa 3", adapters: ["koa, on node"] },
  { title: "Nest 12, Express", adapters: ["nest, express, on node"] },
  { title: "Nest 12, Fastify", adapters: ["nest, fastify, on node"] },
  { title: "Hono 4", adapters: ["hono, app.request", "hono, node-server"] },
  { title: "h3 2", adapters: ["h3, on node"] },
  { title: "h3 of Nitro 3", adapters: ["h3 2.0.1-rc.2"] },
  { title: "Elysia", adapters: ["elysia", "elysia, on node"] },
];

const RUNTIME: Note = {
  text: "Answers a `Request` with a `Response` and has no connection of its own: what a client that is gone means is its server's to say.",
};
const NO_HTTP2: Note = { text: "The framework has no HTTP/2 of its own on Node; a proxy in front of it has." };
const SERVER_HTTP2: Note = { text: "HTTP/2 is the server's that is in front of it: Bun, Deno, a platform, srvx." };

export const notes: readonly Note[] = [RUNTIME, NO_HTTP2, SERVER_HTTP2];

const FETCH = ["Fetch", "h3 of Nitro 3"];

export const rows: readonly Row[] = [
  {
    title: "a page that stores nothing: no cookie, no call of the store",
    tests: ["sends no cookie, asks no store and leaves caching alone where nothing is stored or looked at"],
  },
  { title: "a counter", tests: ["counts"] },
  {
    title: "login, redirect, and the page sees it, however slow the store; the old cookie is worthless",
    tests: [
      "saves before the redirect reaches the client",
      "shows the login on the page that its redirect leads to, and makes the old cookie worthless",
    ],
  },
  { title: "20 keys by 20 requests at once", tests: ["keeps every key of 20 parallel requests"] },
  { title: "100 exact updates at once count 100", tests: ["counts 100 exact updates of one session to 100"] },
  {
    title: "a handler that throws, or a status of 500, saves nothing",
    tests: [
      "saves nothing of what was changed when the handler threw, before a change or after it",
      "saves nothing of what was changed with a status of 500 or more, and everything below",
    ],
  },
  {
    title: "a login, and then an error: the client is told of the login",
    tests: [
      "tells the client of the login that took effect: /login/throw",
      "tells the client of the login that took effect before",
    ],
  },
  {
    title: "saved before the first byte of a stream",
    tests: [
      "saves before the first byte of a stream, and refuses changes after it",
      "stops a stream before its first byte",
    ],
  },
  {
    title: "cross-site requests are refused with 403, and nothing runs",
    tests: ["judges as the table says", "takes a token in its header where nothing says where a request comes from"],
  },
  {
    title: "a WebSocket from a foreign origin is refused",
    tests: ["lets a WebSocket handshake in from its own origin only, and the polling that stands in for one"],
  },
  { title: "logout", tests: ["logs in and out"] },
  {
    title: "a logout during a slow request stays a logout",
    tests: ["stays logged out when a slow request ends after the logout"],
  },
  {
    title: "HEAD, 204, 304 and redirects carry the cookie",
    tests: ["sends the cookie with HEAD, 204, 304 and a redirect"],
  },
  {
    title: "cookies of the application are kept, and its Cache-Control",
    tests: [
      "keeps its cookies beside the session's",
      "lets its Cache-Control stand where the session was read, not where its cookie is sent",
    ],
  },
  {
    title: "what is answered is saved when the client is gone",
    tests: ["saves what is answered after the client has gone"],
    without: () => RUNTIME,
  },
  {
    title: "a store that is down: 503, Retry-After, no cookie; back without a restart",
    tests: [
      "answers 503 without a cookie when the session cannot be loaded, and goes on when it is back",
      "answers 503 without a cookie when it cannot be saved, and loses nothing that was",
      "serves who has no session",
    ],
  },
  {
    title: "the signal fires when the session ends, and is let go of with the response",
    tests: ["fires when the session ends, and is let go of with the response"],
  },
  {
    title: "mounted twice, and around a sub-application: one session, one cookie",
    tests: ["is one session and one cookie when it is mounted twice, around a sub-application too"],
  },
  {
    title: "HTTP/2",
    tests: ["counts, logs in and refuses over HTTP/2"],
    without: (column) => (FETCH.includes(column) || /Hono|h3|Elysia/.test(column) ? SERVER_HTTP2 : NO_HTTP2),
  },
];
