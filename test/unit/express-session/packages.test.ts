/** What applications put beside express-session, each as it is published, over the drop-in. */
import { createServer } from "node:http";
import flash from "connect-flash";
import { doubleCsrf } from "csrf-csrf";
import express from "express";
import { Passport } from "passport";
import { Strategy } from "passport-local";
import { Server, type Socket } from "socket.io";
import { io } from "socket.io-client";
import session from "sojourn/express-session";
import { expect, onTestFinished, test } from "vitest";
import { sessionIn } from "../../support/express-session.ts";
import { MapStore } from "../../support/map-store.ts";
import { listen } from "../../support/sockets.ts";
import { ask, Client } from "../../support/wire.ts";

const basics = { secret: "kept elsewhere", resave: false, saveUninitialized: false };

async function start(app: express.Express) {
  const server = createServer(app);
  const port = await listen(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port, client: () => new Client({ port }) };
}

test("passport 0.7 with passport-local: login changes the id, logout ends it", async () => {
  const passport = new Passport();
  passport.use(new Strategy((name, password, done) => done(null, password === "right" && { id: name })));
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id: string, done) => done(null, { id }));
  const store = new MapStore();
  const app = express();
  app.use(session({ ...basics, store }), passport.initialize(), passport.session());
  app.use(express.urlencoded());
  app.get("/visit", (req, res) => {
    sessionIn(req).notes = { seen: true };
    res.end();
  });
  app.get(
    "/login",
    passport.authenticate("local", { keepSessionInfo: true, failWithError: true }),
    (_req, res) => void res.end("in"),
  );
  app.get("/logout", (req, res, next) => req.logout((error) => (error ? next(error) : res.end("out"))));
  app.get("/", (req, res) => void res.json({ user: req.user ?? null, notes: sessionIn(req).notes ?? null }));
  app.use(
    (error: { status?: number }, _req: unknown, res: express.Response, _next: unknown) =>
      void res.status(error.status ?? 500).end(),
  );
  const { client } = await start(app);
  const ann = client();
  await ann.get("/visit");
  const { sid } = ann;
  expect((await ann.get("/login?username=ann&password=wrong")).status).toBe(401);
  expect((await ann.get("/login?username=ann&password=right")).body).toBe("in");
  expect(ann.sid).not.toBe(sid);
  expect(store.rows.has(sid)).toBe(false);
  expect(JSON.parse((await ann.get("/")).body)).toEqual({ user: { id: "ann" }, notes: { seen: true } });
  const loggedIn = ann.cookie;
  expect((await ann.get("/logout")).body).toBe("out");
  expect(JSON.parse((await ann.get("/")).body).user).toBeNull();
  ann.cookie = loggedIn;
  expect(JSON.parse((await ann.get("/")).body).user).toBeNull();
});

test("connect-flash: a message is shown once, after the redirect", async () => {
  const app = express();
  app.use(session({ ...basics, store: new MapStore() }), flash());
  app.get("/leave", (req, res) => {
    req.flash("info", "saved");
    res.redirect("/");
  });
  app.get("/", (req, res) => void res.json(req.flash("info")));
  const ann = (await start(app)).client();
  expect((await ann.get("/leave")).status).toBe(302);
  expect([(await ann.get("/")).body, (await ann.get("/")).body]).toEqual(['["saved"]', "[]"]);
});

test("csrf-csrf: a token counts for the session that it was made for, until that changes its id", async () => {
  const app = express();
  app.use(session({ ...basics, store: new MapStore() }));
  const { generateCsrfToken, doubleCsrfProtection, invalidCsrfTokenError } = doubleCsrf({
    getSecret: () => "another secret of 32 characters!",
    getSessionIdentifier: (req) => req.sessionID,
    cookieName: "csrf",
    cookieOptions: { secure: false },
    ignoredMethods: ["HEAD"],
    skipCsrfProtection: (req) => req.path !== "/post",
    getCsrfTokenFromRequest: (req) => req.headers["x-csrf-token"],
  });
  app.use((req, _res, next) => {
    (req as { cookies?: unknown }).cookies = Object.fromEntries(
      (req.headers.cookie ?? "").split("; ").map((pair) => pair.split("=").map(decodeURIComponent)),
    );
    next();
  });
  app.use(doubleCsrfProtection);
  app.get("/token", (req, res) => {
    sessionIn(req).user = "ann";
    res.end(generateCsrfToken(req, res));
  });
  app.get("/regenerate", async (req, res) => {
    await sessionIn(req).regenerate();
    sessionIn(req).user = "ann";
    res.end();
  });
  app.get("/post", (_req, res) => void res.end("posted"));
  app.use(
    (error: unknown, _req: unknown, res: express.Response, _next: unknown) =>
      void res.status(error === invalidCsrfTokenError ? 403 : 500).end(),
  );
  const { port } = await start(app);
  const first = await ask(port, "/token");
  const jar = (lines: readonly string[]): string => lines.map((line) => line.split(";", 1)[0]).join("; ");
  const cookie = jar(first.setCookie);
  expect((await ask(port, "/post", { cookie, "x-csrf-token": first.body })).body).toBe("posted");
  expect((await ask(port, "/post", { cookie })).status).toBe(403);
  const second = await ask(port, "/regenerate", { cookie });
  const moved = `${jar(second.setCookie)}; ${cookie.split("; ").find((pair) => pair.startsWith("csrf="))}`;
  expect((await ask(port, "/post", { cookie: moved, "x-csrf-token": first.body })).status).toBe(403);
});

test.each(["polling", "websocket"] as const)(
  "socket.io's engine.use over %s: the session is on the handshake's request",
  async (transport) => {
    const store = new MapStore();
    const middleware = session({ ...basics, store });
    const app = express();
    app.use(middleware);
    app.get("/set", (req, res) => {
      sessionIn(req).user = "ann";
      res.end();
    });
    const { server, port, client } = await start(app);
    const sockets = new Server(server);
    onTestFinished(() => void sockets.close());
    sockets.engine.use(middleware);
    const requestOf = (socket: Socket) => socket.request as unknown as express.Request;
    sockets.on("connection", (socket) => {
      socket.on("who", (answer: (user: unknown) => void) => answer(sessionIn(requestOf(socket)).user));
      socket.on("rename", async (answer: () => void) => {
        await sessionIn(requestOf(socket)).reload();
        sessionIn(requestOf(socket)).user = "bob";
        await sessionIn(requestOf(socket)).save();
        answer();
      });
    });
    const ann = client();
    await ann.get("/set");
    const socket = io(`http://127.0.0.1:${port}`, {
      transports: [transport],
      extraHeaders: { cookie: ann.cookie },
      reconnection: false,
    });
    onTestFinished(() => void socket.close());
    expect(await socket.emitWithAck("who")).toBe("ann");
    await socket.emitWithAck("rename");
    expect(store.data(ann.sid)).toEqual({ user: "bob" });
  },
);

test.each(["polling", "websocket"] as const)(
  "socket.io over %s hands a new session to the client, and it is stored",
  async (transport) => {
    const store = new MapStore();
    const server = createServer();
    const port = await listen(server);
    const sockets = new Server(server);
    onTestFinished(() => void sockets.close());
    sockets.engine.use(session({ ...basics, saveUninitialized: true, store }));
    let lines: readonly string[] = [];
    sockets.engine.on("headers", (headers: Record<string, string | string[]>) => {
      lines = [headers["set-cookie"] ?? headers["Set-Cookie"] ?? []].flat();
    });
    const connected = new Promise((resolve) => sockets.on("connection", resolve));
    if (transport === "polling") lines = (await ask(port, "/socket.io/?EIO=4&transport=polling")).setCookie;
    else {
      const socket = io(`http://127.0.0.1:${port}`, { transports: [transport], reconnection: false });
      onTestFinished(() => void socket.close());
      await connected;
    }
    expect(lines.join()).toMatch(/connect\.sid=s%3A/);
    await expect.poll(() => store.rows.size).toBe(1);
  },
);
