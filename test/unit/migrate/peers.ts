/** Sessions that the packages of tools/migrate make, as a client of the old application holds them. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import * as readers from "../../../src/migrate/migrate.ts";
import { DATA, jar, type Make, type Old, OTHER, SECRET, soon } from "./sites.ts";

const folder = fileURLToPath(new URL("../../../tools/migrate/", import.meta.url));
const load = createRequire(import.meta.url)(join(folder, "load.cjs")) as (name: string) => Promise<never>;

/** `npm test` has done it. */
export function installPeers(): void {
  if (existsSync(join(folder, "node_modules/.package-lock.json"))) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, stdio: "ignore" });
}

const LONG = { ...DATA, long: Array.from({ length: 1000 }, (_, at) => `entry ${at}`).join() };

/** A session storage of React Router, and of Remix before it. */
interface Storage {
  getSession(cookie?: string): Promise<{
    get(name: string): unknown;
    set(name: string, value: unknown): void;
    flash(name: string, value: unknown): void;
  }>;
  commitSession(session: object): Promise<string>;
}

async function signIn(storage: Storage, data: object): Promise<{ cookie: string; stillValid: () => Promise<boolean> }> {
  const session = await storage.getSession();
  for (const [name, value] of Object.entries(data)) session.set(name, value);
  session.flash("notice", "seen once");
  const cookie = jar([await storage.commitSession(session)]);
  return { cookie, stillValid: async () => (await storage.getSession(cookie)).get("user") === "ann" };
}

const reactRouter =
  (library: string): Make =>
  async (seconds) => {
    const { createCookieSessionStorage } = (await load(library)) as { createCookieSessionStorage(o: object): Storage };
    const storage = createCookieSessionStorage({ cookie: { name: "__session", secrets: [SECRET], maxAge: seconds } });
    return {
      ...(await signIn(storage, { ...DATA, name: "Änne" })),
      reader: readers.fromReactRouter({ secrets: [OTHER, SECRET] }),
      stranger: readers.fromReactRouter({ secrets: OTHER }),
      expiresAt: undefined,
    };
  };

const reactRouterFiles =
  (library: string): Make =>
  async (seconds) => {
    const dir = mkdtempSync(join(tmpdir(), "sojourn-files-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const { createFileSessionStorage } = (await load(library)) as { createFileSessionStorage(o: object): Storage };
    const cookie = { name: "__session", secrets: [SECRET], maxAge: seconds };
    const pathOf = (id: string): string => join(dir, id.slice(0, 4), id.slice(4));
    const stored = {
      read: (id: string) => (existsSync(pathOf(id)) ? JSON.parse(readFileSync(pathOf(id), "utf8")) : null),
      end: (id: string) => unlinkSync(pathOf(id)),
    };
    return {
      ...(await signIn(createFileSessionStorage({ dir, cookie }), DATA)),
      reader: readers.fromReactRouterStored({ secrets: [OTHER, SECRET], ...stored }),
      stranger: readers.fromReactRouterStored({ secrets: OTHER, ...stored }),
      expiresAt: soon(seconds),
    };
  };

/** An application of Hono, and of h3 2. */
interface WebApp {
  request(path: string, init?: RequestInit): Response | Promise<Response>;
}

async function signInAt(app: WebApp): Promise<Pick<Old, "cookie" | "stillValid">> {
  const lines = (await app.request("/login")).headers.getSetCookie();
  // Of those with one name, the last one counts.
  const cookie = jar([...new Map(lines.map((line) => [line.split("=", 1)[0], line])).values()]);
  return { cookie, stillValid: async () => (await (await app.request("/", { headers: { cookie } })).text()) === "ann" };
}

interface HonoContext {
  get(name: "session"): { get(name: string): unknown; set(name: string, value: unknown): void };
  text(text: string): Response;
}

const honoSessions =
  (kind: "cookie" | "store" | "bare id"): Make =>
  async (seconds) => {
    const hono = (await load("hono")) as {
      Hono: new () => WebApp & Record<"use" | "get", (...args: unknown[]) => void>;
    };
    const library = (await load("hono-sessions")) as Record<
      "CookieStore" | "MemoryStore",
      new () => readers.HonoStore
    > & {
      sessionMiddleware(options: object): unknown;
    };
    const store = kind === "cookie" ? new library.CookieStore() : new library.MemoryStore();
    const key = kind === "bare id" ? {} : { encryptionKey: SECRET };
    const app = new hono.Hono();
    app.use(
      "*",
      library.sessionMiddleware({ store, ...key, expireAfterSeconds: seconds, cookieOptions: { path: "/" } }),
    );
    app.get("/login", (c: HonoContext) => {
      for (const [name, value] of Object.entries(DATA)) c.get("session").set(name, value);
      return c.text("in");
    });
    app.get("/", (c: HonoContext) => c.text(String(c.get("session").get("user"))));
    const stored = kind === "cookie" ? {} : { store };
    return {
      ...(await signInAt(app)),
      reader: readers.fromHonoSessions({ ...key, ...stored }),
      stranger:
        kind === "bare id"
          ? readers.fromHonoSessions({ store: new library.MemoryStore() })
          : readers.fromHonoSessions({ encryptionKey: OTHER, ...stored }),
      expiresAt: soon(seconds),
    };
  };

interface Iron9 {
  getIronSession(jar: object, options: object): Promise<Record<string, unknown> & { save(): Promise<void> }>;
  webCookies(request: Request, headers: Headers): object;
}

const ironSession9 =
  (data: object): Make =>
  async (seconds) => {
    const { getIronSession, webCookies } = (await load("iron-session")) as Iron9;
    const options = { password: SECRET, cookieName: "app", ttl: seconds, chunk: true };
    const headers = new Headers();
    const session = await getIronSession(webCookies(new Request("https://app.example/"), headers), options);
    await Object.assign(session, data).save();
    const cookie = jar(headers.getSetCookie().filter((line) => !line.includes("Max-Age=0")));
    return {
      cookie,
      reader: readers.fromIronSession({ password: SECRET, cookie: "app" }),
      stranger: readers.fromIronSession({ password: OTHER, cookie: "app" }),
      expiresAt: soon(seconds),
      stillValid: async () => {
        const request = new Request("https://app.example/", { headers: { cookie } });
        return (await getIronSession(webCookies(request, new Headers()), options)).user === "ann";
      },
    };
  };

interface H3 {
  readonly H3: new () => WebApp & { get(path: string, handler: (event: object) => unknown): void };
  useSession(
    event: object,
    options: object,
  ): Promise<{ data: { user?: string }; update(data: object): Promise<unknown> }>;
}

const h3 =
  (data: object): Make =>
  async (seconds) => {
    const { H3, useSession } = (await load("h3")) as H3;
    const options = { password: SECRET, maxAge: seconds };
    const app = new H3();
    app.get("/login", async (event) => {
      await (await useSession(event, options)).update(data);
      return "in";
    });
    app.get("/", async (event) => String((await useSession(event, options)).data.user));
    return {
      ...(await signInAt(app)),
      reader: readers.fromH3({ password: SECRET, maxAge: seconds }),
      stranger: readers.fromH3({ password: OTHER }),
      expiresAt: soon(seconds),
    };
  };

interface NextAuthJwt {
  encode(options: object): Promise<string>;
  decode(options: object): Promise<{ user?: string } | null>;
}

const nextAuth =
  (data: object): Make =>
  async (seconds) => {
    const module = (await load("next-auth/jwt")) as NextAuthJwt & { default: NextAuthJwt };
    const { encode, decode } = module.default;
    const name = "__Secure-next-auth.session-token";
    const token = await encode({ token: { sub: "ann", ...data }, secret: SECRET, maxAge: seconds });
    const chunks = token.match(/.{1,3933}/g) ?? [];
    return {
      cookie: chunks.map((chunk, at) => `${name}${chunks.length > 1 ? `.${at}` : ""}=${chunk}`).join("; "),
      reader: readers.fromNextAuth({ secret: [OTHER, SECRET], cookie: name }),
      stranger: readers.fromNextAuth({ secret: OTHER, cookie: name }),
      expiresAt: soon(seconds),
      stillValid: async () => (await decode({ token, secret: SECRET }))?.user === "ann",
    };
  };

/** Rows of the old database. */
interface LuciaRow {
  readonly id: string;
  readonly userId: string;
  readonly expiresAt: Date;
  readonly attributes: object;
}

interface Lucia {
  createSession(userId: string, attributes: object): Promise<{ id: string }>;
  createSessionCookie(id: string): { serialize(): string };
  validateSession(id: string): Promise<{ user: { id: string } | null }>;
}

const lucia: Make = async (seconds) => {
  const module = (await load("lucia")) as {
    Lucia: new (adapter: object, options: object) => Lucia;
    TimeSpan: new (value: number, unit: "s") => object;
  };
  const rows = new Map<string, LuciaRow>();
  const adapter = {
    setSession: async (row: LuciaRow) => void rows.set(row.id, row),
    getSessionAndUser: async (id: string) =>
      rows.has(id) ? [rows.get(id), { id: "ann", attributes: {} }] : [null, null],
    deleteSession: async (id: string) => void rows.delete(id),
    updateSessionExpiration: async () => {},
  };
  const auth = new module.Lucia(adapter, { sessionExpiresIn: new module.TimeSpan(seconds, "s") });
  const { id } = await auth.createSession("ann", {});
  const find = (token: string) => {
    const row = rows.get(token);
    return row ? { userId: row.userId, expiresAt: row.expiresAt, data: DATA } : null;
  };
  return {
    cookie: jar([auth.createSessionCookie(id).serialize()]),
    reader: readers.fromLucia({ find, end: (token) => rows.delete(token) }),
    stranger: readers.fromLucia({ find: () => null }),
    expiresAt: soon(seconds),
    stillValid: async () => (await auth.validateSession(id)).user?.id === "ann",
  };
};

export const peers: Readonly<Record<string, Make>> = {
  "React Router 8": reactRouter("react-router"),
  "React Router 8, files": reactRouterFiles("@react-router/node"),
  "Remix 2": reactRouter("@remix-run/node"),
  "Remix 2, files": reactRouterFiles("@remix-run/node"),
  "hono-sessions, cookie": honoSessions("cookie"),
  "hono-sessions, store": honoSessions("store"),
  "hono-sessions, store without a key": honoSessions("bare id"),
  "iron-session 9": ironSession9(DATA),
  "iron-session 9, in several cookies": ironSession9(LONG),
  "h3 2": h3(DATA),
  "h3 2, in several cookies": h3(LONG),
  "next-auth 4": nextAuth(DATA),
  "next-auth 4, in several cookies": nextAuth(LONG),
  "Lucia 3": lucia,
};
