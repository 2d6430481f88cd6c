/** Sessions that the real packages make: one for each format, as a client of the old application holds it. */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { Auth, type AuthConfig, skipCSRFCheck } from "@auth/core";
import { encode } from "@auth/core/jwt";
import fastifyCookie from "@fastify/cookie";
import fastifySecure from "@fastify/secure-session";
import fastifySession from "@fastify/session";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import session from "express-session";
import fastify from "fastify";
import { createApp, eventHandler, toNodeListener, useSession } from "h3";
import { sealData } from "iron-session";
import { onTestFinished } from "vitest";
import type { Reader } from "../../../src/migrate/migrate.ts";
import * as readers from "../../../src/migrate/migrate.ts";
import { listen } from "../../support/sockets.ts";
import { ask, type Handle, site } from "../../support/wire.ts";

const require = createRequire(import.meta.url);
export const SECRET = "the secret of the old application, kept elsewhere";
export const OTHER = "another secret altogether, which nobody has given";

/** A client's cookies, and the reader of the format. */
export interface Old {
  readonly cookie: string;
  readonly reader: Reader;
  /** Reads with secrets that did not sign. */
  readonly stranger: Reader;
  /** When it ends, as far as the format says. */
  readonly expiresAt: number | undefined;
  /** Whether the old application still takes the cookie. */
  readonly stillValid: () => Promise<boolean>;
}

/** Of a user "ann" with a cart; `seconds` until it ends. */
export type Make = (seconds: number) => Promise<Old>;

export const DATA = { user: "ann", cart: ["A-1"] };
export const jar = (lines: readonly string[]): string => lines.map((line) => line.split(";", 1)[0]).join("; ");
export const soon = (seconds: number): number => Date.now() + seconds * 1000;

const expressSession: Make = async (seconds) => {
  const store = new session.MemoryStore();
  const routes: Record<string, Handle> = {
    "/login": (req, res) => {
      Object.assign(req.session, DATA, { passport: { user: "ann" } });
      res.end();
    },
    "/": (req, res) => res.end(String(req.session.user)),
  };
  const options = {
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: seconds * 1000 },
    store,
  };
  const { port } = await site(session(options), routes);
  const cookie = jar((await ask(port, "/login")).setCookie);
  return {
    cookie,
    reader: readers.fromExpressSession({ secret: [OTHER, SECRET], store }),
    stranger: readers.fromExpressSession({ secret: OTHER, store }),
    expiresAt: soon(seconds),
    stillValid: async () => (await ask(port, "/", { cookie })).body === "ann",
  };
};

const cookieSession: Make = async () => {
  const middleware = require("cookie-session")({ keys: [SECRET] });
  const { port } = await site(middleware, {
    "/login": (req, res) => {
      Object.assign(req.session, DATA);
      res.end();
    },
    "/": (req, res) => res.end(String(req.session.user)),
  });
  const cookie = jar((await ask(port, "/login")).setCookie);
  return {
    cookie,
    reader: readers.fromCookieSession({ keys: [OTHER, SECRET] }),
    stranger: readers.fromCookieSession({ keys: OTHER }),
    expiresAt: undefined,
    stillValid: async () => (await ask(port, "/", { cookie })).body === "ann",
  };
};

const koaSession =
  (stored: boolean): Make =>
  async (seconds) => {
    const rows = new Map<string, unknown>();
    const store = stored
      ? {
          get: (key: string) => rows.get(key),
          set: (key: string, row: unknown) => void rows.set(key, row),
          destroy: (key: string) => void rows.delete(key),
        }
      : undefined;
    const Koa = require("koa");
    const koa = require("koa-session");
    const app = new Koa();
    app.keys = [SECRET];
    app.use((koa.createSession ?? koa.default ?? koa)({ maxAge: seconds * 1000, store }, app));
    app.use((context: { path: string; session: Record<string, unknown>; body: unknown }) => {
      if (context.path === "/login") Object.assign(context.session, DATA);
      context.body = String(context.session.user);
    });
    const server = createServer(app.callback());
    onTestFinished(() => void server.close());
    const port = await listen(server);
    const cookie = jar((await ask(port, "/login")).setCookie);
    return {
      cookie,
      reader: readers.fromKoaSession({ keys: [OTHER, SECRET], store }),
      stranger: readers.fromKoaSession({ keys: OTHER, store }),
      expiresAt: soon(seconds),
      stillValid: async () => (await ask(port, "/", { cookie })).body === "ann",
    };
  };

const ironSession: Make = async (seconds) => {
  const seal = await sealData(DATA, { password: SECRET, ttl: seconds });
  return {
    cookie: `app=${encodeURIComponent(seal)}`,
    reader: readers.fromIronSession({ password: SECRET, cookie: "app" }),
    stranger: readers.fromIronSession({ password: OTHER, cookie: "app" }),
    expiresAt: soon(seconds),
    stillValid: async () => true,
  };
};

const ironSessionById: Make = async (seconds) => {
  const seal = await sealData(DATA, { password: { 2: SECRET, 1: OTHER }, ttl: seconds });
  return {
    cookie: `app=${encodeURIComponent(seal)}`,
    reader: readers.fromIronSession({ password: { 1: OTHER, 2: SECRET }, cookie: "app" }),
    stranger: readers.fromIronSession({ password: { 1: SECRET, 2: OTHER }, cookie: "app" }),
    expiresAt: soon(seconds),
    stillValid: async () => true,
  };
};

const h3: Make = async (seconds) => {
  const app = createApp().use(
    eventHandler(async (event) => {
      const held = await useSession(event, { password: SECRET, maxAge: seconds, cookie: { secure: false } });
      if (event.path === "/login") await held.update(DATA);
      return String(held.data.user);
    }),
  );
  const server = createServer(toNodeListener(app));
  onTestFinished(() => void server.close());
  const port = await listen(server);
  const cookie = jar((await ask(port, "/login")).setCookie);
  return {
    cookie,
    reader: readers.fromH3({ password: SECRET }),
    stranger: readers.fromH3({ password: OTHER }),
    expiresAt: soon(seconds),
    stillValid: async () => (await ask(port, "/", { cookie })).body === "ann",
  };
};

const authJs: Make = async (seconds) => {
  const name = "__Secure-authjs.session-token";
  const token = await encode({ token: { sub: "ann", ...DATA }, secret: SECRET, salt: name, maxAge: seconds });
  return {
    cookie: `${name}=${token}`,
    reader: readers.fromAuthJs({ secret: [OTHER, SECRET], cookie: name }),
    stranger: readers.fromAuthJs({ secret: OTHER, cookie: name }),
    expiresAt: soon(seconds),
    stillValid: async () => true,
  };
};

const authJsInChunks: Make = async (seconds) => {
  const name = "authjs.session-token";
  const token = await encode({
    token: { sub: "ann", ...DATA, long: "x".repeat(6000) },
    secret: SECRET,
    salt: name,
    maxAge: seconds,
  });
  const chunks = token.match(/.{1,3900}/g) ?? [];
  return {
    cookie: chunks.map((chunk, at) => `${name}.${at}=${chunk}`).join("; "),
    reader: readers.fromAuthJs({ secret: SECRET }),
    stranger: readers.fromAuthJs({ secret: OTHER }),
    expiresAt: soon(seconds),
    stillValid: async () => true,
  };
};

/** Signed in by a link in a mail, as strategy "database" wants it. */
const authJsDatabase: Make = async (seconds) => {
  const rows = new Map<string, { sessionToken: string; userId: string; expires: Date }>();
  const ann = { id: "ann", email: "ann@example.com", emailVerified: null };
  let link = "";
  const config: AuthConfig = {
    secret: SECRET,
    trustHost: true,
    basePath: "/auth",
    skipCSRFCheck,
    session: { strategy: "database", maxAge: seconds },
    adapter: {
      createVerificationToken: async (token) => token,
      useVerificationToken: async (params) => ({ ...params, expires: new Date(soon(seconds)) }),
      getUserByEmail: async () => ann,
      getUser: async () => ann,
      getUserByAccount: async () => ann,
      createUser: async () => ann,
      updateUser: async () => ann,
      linkAccount: async () => undefined,
      createSession: async (row) => rows.set(row.sessionToken, row) && row,
      getSessionAndUser: async (token) => {
        const row = rows.get(token);
        return row ? { session: row, user: ann } : null;
      },
      updateSession: async () => null,
      deleteSession: async (token) => void rows.delete(token),
    },
    providers: [
      {
        id: "mail",
        type: "email",
        name: "Mail",
        from: "app@example.com",
        maxAge: 600,
        options: {},
        sendVerificationRequest: async ({ url }) => {
          link = url;
        },
      },
    ],
  };
  const form = { method: "POST", body: new URLSearchParams({ email: ann.email }) };
  await Auth(new Request("https://app.example/auth/signin/mail", form), config);
  const name = "__Secure-authjs.session-token";
  const lines = (await Auth(new Request(link), config)).headers.getSetCookie();
  const cookie = jar(lines.filter((line) => line.startsWith(name)));
  const find = (token: string) => {
    const row = rows.get(token);
    return row ? { userId: row.userId, expiresAt: row.expires, data: DATA } : null;
  };
  const end = (token: string): void => void rows.delete(token);
  return {
    cookie,
    reader: readers.fromAuthJsDatabase({ cookie: name, find, end }),
    stranger: readers.fromAuthJsDatabase({ cookie: name, find: () => null }),
    expiresAt: soon(seconds),
    stillValid: async () => {
      const request = new Request("https://app.example/auth/session", { headers: { cookie } });
      return ((await (await Auth(request, config)).json()) as { user?: object } | null)?.user !== undefined;
    },
  };
};

const better: Make = async (seconds) => {
  const database: Record<string, Record<string, unknown>[]> = { user: [], session: [], account: [], verification: [] };
  const auth = betterAuth({
    database: memoryAdapter(database),
    secret: SECRET,
    baseURL: "http://localhost:3000",
    emailAndPassword: { enabled: true },
    session: { expiresIn: Math.max(seconds, 1) },
    advanced: { useSecureCookies: false },
  });
  const body = { name: "Ann", email: "ann@example.com", password: "correct horse battery" };
  const response = await auth.api.signUpEmail({ body, asResponse: true });
  const cookie = jar(response.headers.getSetCookie().filter((line) => line.startsWith("better-auth.session_token")));
  const row = (token: string) => database.session?.find((each) => each.token === token);
  const find = async (token: string) => {
    const found = row(token);
    return found ? { userId: "ann", expiresAt: found.expiresAt as Date, data: DATA } : null;
  };
  const end = (token: string): void => {
    database.session = (database.session ?? []).filter((each) => each.token !== token);
  };
  return {
    cookie,
    reader: readers.fromBetterAuth({ secret: [OTHER, SECRET], find, end }),
    stranger: readers.fromBetterAuth({ secret: OTHER, find }),
    expiresAt: soon(seconds),
    stillValid: async () => (await auth.api.getSession({ headers: new Headers({ cookie }) })) !== null,
  };
};

const fastifyStored: Make = async (seconds) => {
  const app = fastify();
  const store = new session.MemoryStore();
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret: SECRET,
    store: store as never,
    cookie: { secure: false, maxAge: seconds * 1000 },
  });
  app.get("/login", (request, reply) => {
    Object.assign(request.session, DATA);
    reply.send("in");
  });
  app.get("/", (request, reply) => {
    reply.send(String((request.session as { user?: string }).user));
  });
  onTestFinished(() => app.close());
  const [line] = [(await app.inject("/login")).headers["set-cookie"] ?? []].flat();
  const cookie = jar([line ?? ""]);
  return {
    cookie,
    reader: readers.fromFastifySession({ secret: SECRET, store: store as never }),
    stranger: readers.fromFastifySession({ secret: OTHER, store: store as never }),
    expiresAt: soon(seconds),
    stillValid: async () => (await app.inject({ url: "/", headers: { cookie } })).body === "ann",
  };
};

const fastifySealed: Make = async (seconds) => {
  const key = Buffer.alloc(32, 7);
  const app = fastify();
  await app.register(fastifySecure, { key, expiry: seconds, cookie: { path: "/" } });
  app.get("/login", (request, reply) => {
    for (const [name, value] of Object.entries(DATA))
      (request as { session: { set: (n: string, v: unknown) => void } }).session.set(name, value);
    reply.send("in");
  });
  onTestFinished(() => app.close());
  const cookie = jar([(await app.inject("/login")).headers["set-cookie"] ?? []].flat());
  const sodium = createRequire(require.resolve("@fastify/secure-session"))("sodium-native");
  return {
    cookie,
    reader: readers.fromFastifySecureSession({ key: [Buffer.alloc(32, 1), key], sodium, expiry: seconds }),
    stranger: readers.fromFastifySecureSession({ key: Buffer.alloc(32, 1), sodium, expiry: seconds }),
    expiresAt: soon(seconds),
    stillValid: async () => true,
  };
};

export const formats: Readonly<Record<string, Make>> = {
  "express-session": expressSession,
  "cookie-session": cookieSession,
  "koa-session": koaSession(false),
  "koa-session with a store": koaSession(true),
  "iron-session 8": ironSession,
  "iron-session 8 with several passwords": ironSessionById,
  "h3 1": h3,
  "Auth.js": authJs,
  "Auth.js in chunks": authJsInChunks,
  "Auth.js, database": authJsDatabase,
  "better-auth": better,
  "@fastify/session": fastifyStored,
  "@fastify/secure-session": fastifySealed,
};
