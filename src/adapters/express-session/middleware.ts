/**
 * The middleware itself: what it makes once for its store, and what it does with a request before the application's
 * handlers.
 */
import type { ServerResponse } from "node:http";
import { SessionError } from "../../index.ts";
import { MemoryStore } from "./memory-store.ts";
import { type Options, type Settings, settingsOf } from "./options.ts";
import { pathOf, type SessionRequest, type SessionStore } from "./request.ts";
import { presentedId } from "./request-cookie.ts";
import { tieToResponse } from "./respond.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { upgradedStore } from "./upgrade.ts";
import { VerifiedCookies } from "./verified.ts";
import { Visit } from "./visit.ts";
import { attachVisit, visitOf } from "./visits.ts";

type Next = (error?: unknown) => void;

/** What `app.use` takes. */
export type Middleware = (req: SessionRequest, res: ServerResponse, next: Next) => void;

/** The middleware of express-session. */
export function middleware(options: Options = {}): Middleware {
  const settings = settingsOf(options ?? {});
  const given = options?.store ?? (new MemoryStore() as unknown as SessionStore);
  const store = options?.upgrade ? upgradedStore(given, options.upgrade) : given;
  if (process.env.NODE_ENV === "production" && (given as object) instanceof MemoryStore) {
    console.warn(
      "express-session: the MemoryStore loses all sessions at a restart, grows, and serves one process only.",
    );
  }
  const rows = rowsOf(store);
  const ready = readinessOf(store);
  const verified = new VerifiedCookies();
  // Another middleware can use the same store, one of express-session itself as well: each makes the sessions of its
  // own requests.
  const others = store.generate;
  store.generate = (req) => {
    const visit = visitOf(req);
    if (visit) visit.generate();
    else others?.call(store, req);
  };
  return (req, res, next) => {
    if (req.session || !isWithin(settings, req)) return next();
    const secrets = settings.secrets ?? (req.secret ? [req.secret] : undefined);
    const secret = secrets?.[0];
    if (!secrets || !secret) return next(new Error("secret option required for sessions"));
    req.sessionStore = store;
    req.sessionID = presentedId(req, settings.name, secrets, verified);
    const visit = new Visit(req, store, rows, settings, secret);
    attachVisit(req, visit);
    tieToResponse(visit, res, next);
    if (req.sessionID && !ready()) return next(disconnected());
    begin(visit, rows, req.sessionID, next);
  };
}

function begin(visit: Visit, rows: Rows, sid: string | undefined, next: Next): void {
  if (!sid) {
    visit.begin();
    next();
    return;
  }
  rows.load(sid, (error, row) => {
    if (error) return next(error);
    try {
      if (row) visit.inflate(row);
      else visit.begin();
    } catch (failure) {
      return next(failure);
    }
    next();
  });
}

function isWithin(settings: Settings, req: SessionRequest): boolean {
  return pathOf(req).startsWith(settings.cookieFor(req).path || "/");
}

/** Stores tell by events whether they are connected. */
function readinessOf(store: SessionStore): () => boolean {
  let ready = true;
  store.on?.("disconnect", () => {
    ready = false;
  });
  store.on?.("connect", () => {
    ready = true;
  });
  return () => ready;
}

function disconnected(): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    "The store of the sessions is disconnected, so that it is not known whose request this is.",
  );
}
