/**
 * What the files of this folder share: the forms of a request, a session, a store and a write, and two questions to a
 * request.
 */
import type { IncomingMessage } from "node:http";
import type { Secret } from "./signature.ts";

/** A request as far as the middleware reads it and adds to it; what other middleware left is optional. */
export interface SessionRequest extends IncomingMessage {
  session?: SessionObject | null | undefined;
  sessionID?: string | undefined;
  sessionStore?: SessionStore;
  readonly originalUrl?: string;
  readonly secret?: Secret;
  readonly secure?: boolean;
  readonly cookies?: Readonly<Record<string, unknown>>;
  readonly signedCookies?: Readonly<Record<string, unknown>>;
}

/** `req.session`: of our class, or of the class that a store made it of. */
export interface SessionObject {
  readonly id: string;
  cookie: SessionCookie;
  touch(): unknown;
  save?(callback: Done): unknown;
}

/** `req.session.cookie`, which an application may have put in the place of ours. */
export interface SessionCookie {
  expires?: unknown;
  secure?: unknown;
  sameSite?: unknown;
  originalMaxAge?: unknown;
  readonly data?: object;
}

/** What a store hands over: data, with the cookie's. */
export type Row = object & { cookie?: { expires?: unknown; originalMaxAge?: unknown } };

/** An error, or the absence of one. */
export type Done = (error?: unknown) => void;

/** The mark of a store that compares and sets by itself, so that nothing has to be read before a write. */
export const EXACT: unique symbol = Symbol.for("sojourn.express-session.exact") as never;

/** The verb of a store that decides by itself how a session is written. */
export const SAVE: unique symbol = Symbol("save");

/** One write of a session. */
export interface Write {
  readonly sid: string;
  readonly session: SessionObject;
  /** What the data was when this request got it; undefined when the store has no row of it yet. */
  readonly base: string | undefined;
  /** What `Rows.textOf` said when this request got it. */
  readonly rowText?: string | undefined;
  /** A session of the same id and class with other data, for what is stored when others changed it, too. */
  readonly withFields: (fields: Record<string, unknown>) => object;
}

/**
 * What became of a write: the data that this request had, undefined when the session had ended and nothing was written.
 */
export type Written = (error?: unknown, text?: string) => void;

/** A store for express-session. What is optional here is so for some of those that are in use. */
export interface SessionStore {
  get(sid: string, callback: (error?: unknown, row?: Row | null) => void): unknown;
  set(sid: string, session: object, callback: Done): unknown;
  destroy(sid: string, callback: Done): unknown;
  touch?(sid: string, session: object, callback: Done): unknown;
  on?(event: string, listener: () => void): unknown;
  createSession?(req: object, row: Row): unknown;
  regenerate(req: object, callback: Done): unknown;
  generate?: (req: SessionRequest) => void;
  [SAVE]?(write: Write, done: Written): void;
}

/** Whether the connection is encrypted, by the socket, or by the proxy as far as it is trusted. */
export function isSecure(req: SessionRequest, proxy: boolean | undefined): boolean {
  if ((req.socket as { encrypted?: boolean } | undefined)?.encrypted) return true;
  if (proxy === false) return false;
  if (proxy !== true) return req.secure === true;
  const [first = ""] = String(req.headers["x-forwarded-proto"] ?? "").split(",");
  return first.trim().toLowerCase() === "https";
}

/** The path that the client asked for, also below a mounted router. */
export function pathOf(req: SessionRequest): string {
  const url = req.originalUrl ?? req.url ?? "/";
  if (url.startsWith("/")) return /^[^?#]*/.exec(url)?.[0] ?? "/";
  // `OPTIONS *` is about the server and within no path.
  return URL.canParse(url) ? new URL(url).pathname : url;
}
