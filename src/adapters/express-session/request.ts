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
  return URL.canParse(url) ? new URL(url).pathname : "/";
}
