/** Passport 0.7 as it is published, on a session of ours. */

import { createServer } from "node:http";
import express from "express";
import { Passport } from "passport";
import { Strategy } from "passport-local";
import { createSessions, isSessionError } from "sojourn";
import { expressSession } from "sojourn/express";
import { type PassportOptions, usePassport } from "sojourn/passport";
import { memoryStore } from "sojourn/stores/memory";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../../support/sockets.ts";
import { Client } from "../../support/wire.ts";

interface Data {
  seen?: number;
}

const users = new Map([
  ["ann", { id: "u1", name: "ann" }],
  ["bob", { id: "u2", name: "bob" }],
]);

async function start(options?: PassportOptions) {
  const store = memoryStore();
  const sessions = createSessions<Data>({ store, cookie: { name: "sid", insecure: true }, maxSessionsPerUser: 2 });
  const passport = new Passport();
  const gone = new Set<string>();
  usePassport(passport, sessions, options);
  passport.use(new Strategy((name, password, done) => done(null, password === "right" ? users.get(name) : false)));
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id: string, done) => {
    done(null, gone.has(id) ? false : ([...users.values()].find((user) => user.id === id) ?? false));
  });
  const app = express();
  app.use(expressSession(sessions), passport.session());
  const sessionOf = (req: express.Request) =>
    (req as unknown as { session: Awaited<ReturnType<typeof sessions.open>> }).session;
  app.get("/see", (req, res) => {
    sessionOf(req).data.seen = 1;
    res.end();
  });
  app.get(
    "/login",
    passport.authenticate("local", { failWithError: true, factors: ["pwd"] } as object),
    (_req, res) => void res.end("in"),
  );
  app.get("/logout", (req, res, next) =>
    req.logout({ keepSessionInfo: req.query.keep === "1" }, (error) => (error ? next(error) : res.end("out"))),
  );
  app.get("/", (req, res) => {
    const { userId, factors, data } = sessionOf(req);
    res.json({ user: req.user ?? null, userId: userId ?? null, factors, data });
  });
  app.use((error: { status?: number; code?: string }, _req: unknown, res: express.Response, _next: unknown) => {
    res.status(error.status ?? 500).end(error.code);
  });
  const server = createServer(app);
  const port = await listen(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { sessions, store, gone, client: () => new Client({ port }) };
}

test("req.login is session.login: a new id, data carried over, factors kept; passport.session() finds the user", async () => {
  const { client, sessions } = await start();
  const ann = client();
  await ann.get("/see");
  const before = ann.cookie;
  expect((await ann.get("/login?username=ann&password=wrong")).status).toBe(401);
  expect((await ann.get("/login?username=ann&password=right")).body).toBe("in");
  expect(ann.cookie).not.toBe(before);
  expect(JSON.parse((await ann.get("/")).body)).toEqual({
    user: { id: "u1", name: "ann" },
    userId: "u1",
    factors: ["pwd"],
    data: { seen: 1 },
  });
  expect((await sessions.list("u1")).items).toHaveLength(1);
  ann.cookie = before;
  expect(JSON.parse((await ann.get("/")).body).user).toBeNull();
});

test("req.logout is session.logout: the old cookie is worthless, and data goes unless it is to be kept", async () => {
  const { client, sessions } = await start();
  for (const [path, data] of [
    ["/logout", {}],
    ["/logout?keep=1", { seen: 1 }],
  ] as const) {
    const ann = client();
    await ann.get("/see");
    await ann.get("/login?username=ann&password=right");
    const loggedIn = ann.cookie;
    expect((await ann.get(path)).body).toBe("out");
    expect((await sessions.list("u1")).items).toEqual([]);
    expect(JSON.parse((await ann.get("/")).body)).toMatchObject({ user: null, userId: null, data });
    ann.cookie = loggedIn;
    expect(JSON.parse((await ann.get("/")).body)).toMatchObject({ user: null, userId: null });
  }
});

test("a user revoked elsewhere is logged out with the next request, and one who was deleted as well", async () => {
  const { client, sessions, gone } = await start();
  const ann = client();
  await ann.get("/login?username=ann&password=right");
  await sessions.revokeUser("u1");
  expect(JSON.parse((await ann.get("/")).body).user).toBeNull();
  const bob = client();
  await bob.get("/login?username=bob&password=right");
  gone.add("u2");
  expect(JSON.parse((await bob.get("/")).body)).toMatchObject({ user: null, userId: null });
  expect((await sessions.list("u2")).items).toEqual([]);
});

test("a store that is down is an error of the login, with its code", async () => {
  const { client, store } = await start();
  store.admit = () => Promise.reject(new Error("away"));
  expect(await client().get("/login?username=ann&password=right")).toMatchObject({
    status: 503,
    body: "SOJOURN_STORE_UNAVAILABLE",
  });
});

test("what is no Passport, or has no session of ours, is told so", () => {
  const sessions = createSessions({ store: memoryStore() });
  const refused = (): unknown => {
    try {
      usePassport({ use: () => {} } as never, sessions);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  expect(isSessionError(refused(), "SOJOURN_UNSUPPORTED")).toBe(true);
});
