/** On Express: Sojourn and express-session, each over memory and over SQLite by the same driver. */
import { createServer } from "node:http";
import { join } from "node:path";
import express, { type Request, type RequestHandler, type Response } from "express";
import Database from "libsql";
import { createSessions } from "sojourn";
import { expressSession } from "sojourn/express";
import dropInSession from "sojourn/express-session";
import { memoryStore } from "sojourn/stores/memory";
import { type SqliteDatabase, sqliteStore } from "sojourn/stores/sqlite";
import { type Data, increment, page, SECRET } from "../application.ts";
import { peer } from "../peers.ts";
import { secrets } from "./node.ts";
import type { MakeServer } from "./serve.ts";

/** What both kinds of session have in common. */
interface WithSession {
  readonly session?: { readonly data: Data } & Data;
}

/** @param dataOf Where the session's data is; undefined for a server without sessions. */
function app(middleware: RequestHandler | undefined, dataOf: (req: WithSession) => Data): ReturnType<MakeServer> {
  const application = express();
  application.disable("x-powered-by");
  application.disable("etag");
  if (middleware) application.use(middleware);
  const answer = (res: Response, count: number | undefined): void => void res.type("text").send(page(count));
  const given = (req: Request): Data => dataOf(req as unknown as WithSession);
  application.get("/anonymous", (_req, res) => answer(res, 0));
  application.get("/read", (req, res) => answer(res, middleware && given(req).count));
  application.post("/change", (req, res) => answer(res, middleware && increment(given(req))));
  return createServer(application);
}

/** Sojourn on Express. */
export function expressSojourn(sessions: Parameters<typeof expressSession<Data>>[0]): ReturnType<MakeServer> {
  return app(expressSession(sessions) as unknown as RequestHandler, (req) => req.session?.data ?? {});
}

/** The part of express-session that is used: a function with a class on it. */
export type ExpressSession = (options: object) => RequestHandler;
/** Sojourn in the place of express-session. */
export const dropIn = dropInSession as ExpressSession;
type SqliteSessionStore = new (options: object) => object;

/** express-session itself, or what stands in its place. */
export function expressSessionOver(
  makeStore?: (module: ExpressSession) => object,
  session = peer<ExpressSession>("express-session"),
): ReturnType<MakeServer> {
  const store = makeStore ? { store: makeStore(session) } : {};
  const middleware = session({ secret: SECRET, resave: false, saveUninitialized: false, ...store });
  return app(middleware, (req) => req.session ?? {});
}

/** The driver and its settings are the same for both. */
function openDatabase(file: string): SqliteDatabase {
  const database = new Database(file);
  for (const pragma of ["journal_mode = WAL", "synchronous = FULL"]) database.prepare(`PRAGMA ${pragma}`).all();
  return database as unknown as SqliteDatabase;
}

export const expressServers: Record<string, MakeServer> = {
  Express: () => app(undefined, () => ({})),
  "Express + Sojourn, memory": () => expressSojourn(createSessions<Data>({ secrets, store: memoryStore() })),
  "Express + Sojourn, SQLite": ({ folder }) =>
    expressSojourn(createSessions<Data>({ secrets, store: sqliteStore(openDatabase(join(folder, "express.db"))) })),
  "express-session, memory": () => expressSessionOver(),
  "drop-in, memory": () => expressSessionOver(undefined, dropIn),
  "express-session, SQLite": ({ folder }) =>
    expressSessionOver((module) => {
      const client = openDatabase(join(folder, "express-session.db"));
      const Store = peer<(session: ExpressSession) => SqliteSessionStore>("better-sqlite3-session-store")(module);
      return new Store({ client });
    }),
};
