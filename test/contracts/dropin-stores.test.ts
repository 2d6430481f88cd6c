/** The drop-in over the stores that sites have, each as it is published, on real servers: all of a session's life. */
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inherits } from "node:util";
import { RedisStore } from "connect-redis";
import { RedisStore as RedisStore10 } from "connect-redis-10";
import real from "express-session";
import memorystore from "memorystore";
import pg from "pg";
import { createClient } from "redis";
import session from "sojourn/express-session";
import { afterAll, describe, expect, test } from "vitest";
import { startPostgres } from "../servers/postgres.ts";
import { startRedis } from "../servers/redis.ts";
import { gate } from "../support/client.ts";
import { MapStore } from "../support/map-store.ts";
import { Client, type Handle, type Module, site } from "../support/wire.ts";

type Connect = (module: Module) => new (options: object) => session.Store;
const require = createRequire(import.meta.url);
const connectPg = require("connect-pg-simple") as Connect;
const connectFile = require("session-file-store") as Connect;

const [redisServer, postgresServer] = await Promise.all([startRedis(), startPostgres()]);
const folder = await mkdtemp(join(tmpdir(), "sojourn-dropin-"));
const redis = await createClient({ url: `redis://127.0.0.1:${redisServer.port}` })
  .on("error", () => {})
  .connect();
const pool = new pg.Pool({ connectionString: postgresServer.url, max: 4 });
pool.on("error", () => {});
afterAll(async () => {
  redis.destroy();
  await pool.end();
  await Promise.all([redisServer.close(), postgresServer.close(), rm(folder, { recursive: true, force: true })]);
});

/** As connect-mongo does it: documents with an instant of their own, and `touch` that finds none or moves it. */
class DocumentStore extends session.Store {
  readonly documents = new Map<string, { expires: Date; session: string; lastModified: Date }>();

  override get(sid: string, callback: (error: unknown, row?: session.SessionData | null) => void): void {
    const found = this.documents.get(sid);
    setImmediate(() =>
      callback(null, found && found.expires.getTime() > Date.now() ? JSON.parse(found.session) : null),
    );
  }

  override set(sid: string, value: session.SessionData, callback: (error?: unknown) => void = () => {}): void {
    const cookie = (value.cookie as { toJSON?: () => session.Cookie }).toJSON?.() ?? value.cookie;
    const expires = cookie.expires ? new Date(cookie.expires) : new Date(Date.now() + 14 * 86_400_000);
    this.documents.set(sid, { expires, session: JSON.stringify({ ...value, cookie }), lastModified: new Date() });
    this.emit("set", sid);
    setImmediate(callback);
  }

  override touch(sid: string, value: session.SessionData, callback: (error?: unknown) => void = () => {}): void {
    const found = this.documents.get(sid);
    if (!found) return void setImmediate(() => callback(new Error("Unable to find the session to touch")));
    found.expires = value.cookie.expires ? new Date(value.cookie.expires) : found.expires;
    setImmediate(callback);
  }

  override destroy(sid: string, callback: (error?: unknown) => void = () => {}): void {
    this.documents.delete(sid);
    setImmediate(callback);
  }
}

/** As stores from before classes do it. */
function OldStore(this: { rows: Map<string, string> }, options: object): void {
  (session.Store as unknown as { call: (self: object, options: object) => void }).call(this, options);
  this.rows = new Map();
}
inherits(OldStore as never, session.Store as never);
for (const verb of ["get", "set", "touch", "destroy"] as const) {
  OldStore.prototype[verb] = function call(this: { rows: Map<string, string> }, ...args: [string]) {
    const store = new MapStore(this.rows);
    (store[verb] as (...args: unknown[]) => void)(...args);
  };
}

const postgres = (module: Module) =>
  new (connectPg(module))({ pool, createTableIfMissing: true, pruneSessionInterval: false });
const files = (module: Module) =>
  new (connectFile(module))({ path: folder, retries: 0, logFn: () => {}, reapInterval: -1 });

const stores: Record<string, (module: Module) => session.Store> = {
  MemoryStore: (module) => new module.MemoryStore(),
  memorystore: (module) => new (memorystore(module))({}) as unknown as session.Store,
  "connect-redis 9": () => new RedisStore({ client: redis, prefix: "nine:" }),
  "connect-redis 10": () => new RedisStore10({ client: redis, prefix: "ten:" }) as unknown as session.Store,
  "connect-pg-simple 10": postgres,
  "session-file-store": files,
  "documents as connect-mongo has them": () => new DocumentStore(),
  "Store.call(this)": () => new (OldStore as unknown as new (options: object) => session.Store)({}),
};

function routes(slow: ReturnType<typeof gate>): Record<string, Handle> {
  return {
    "/": (req, res) => res.end(JSON.stringify({ user: req.session.user, n: req.session.n })),
    "/n": (req, res) => {
      req.session.n = Number(req.session.n ?? 0) + 1;
      res.end();
    },
    "/login": async (req, res) => {
      await new Promise<void>((resolve, reject) =>
        req.session.regenerate((error) => (error ? reject(error) : resolve())),
      );
      req.session.user = "ann";
      res.end();
    },
    "/slow": async (req, res) => {
      await slow.pass();
      req.session.slow = 1;
      res.end();
    },
    "/logout": (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.end())),
  };
}

describe.each(Object.entries(stores))("%s", (_, open) => {
  test.each([basicsOf(false), basicsOf(true)])(
    "carries a session from login to logout, and not beyond it, with %o",
    async (options) => {
      const store = open(session as Module);
      const slow = gate();
      const at = await site(session({ ...options, store }), routes(slow));
      const ann = at.client();
      for (const path of ["/n", "/login", "/n", "/n"]) expect((await ann.get(path)).status).toBe(200);
      expect((await ann.get("/")).body).toBe('{"user":"ann","n":2}');
      const late = ann.get("/slow");
      await slow.arrived;
      const { cookie } = ann;
      expect((await ann.get("/logout")).status).toBe(200);
      slow.open();
      await late;
      ann.cookie = cookie;
      expect((await ann.get("/")).body).toBe("{}");
    },
  );

  test("is shared with express-session during a rolling deploy, and nobody notices", async () => {
    // Both processes have one store; the classes that it was made with are express-session's own.
    const store = open(real);
    const theirs = await site(real({ ...basicsOf(false), store }), routes(gate()));
    const ours = await site(session({ ...basicsOf(false), store }), routes(gate()));
    const ann = theirs.client();
    const turn = (at: { port: number }) => Object.assign(new Client(at), { cookie: ann.cookie });
    await ann.get("/login");
    for (let round = 1; round <= 6; round++) {
      await turn(round % 2 ? ours : theirs).get("/n");
      expect((await turn(round % 2 ? theirs : ours).get("/")).body).toBe(`{"user":"ann","n":${round}}`);
    }
    await turn(ours).get("/logout");
    expect((await turn(theirs).get("/")).body).toBe("{}");
    expect((await turn(ours).get("/")).body).toBe("{}");
  });
});

function basicsOf(resave: boolean) {
  return { secret: "kept elsewhere", resave, saveUninitialized: false, cookie: { maxAge: 600_000 } };
}
