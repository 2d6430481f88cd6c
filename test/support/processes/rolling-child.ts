/** One process of an application in a rolling deploy: express-session or what stands in its place, over connect-redis. */
import type { AddressInfo } from "node:net";
import { RedisStore } from "connect-redis";
import express from "express";
import real from "express-session";
import { createClient } from "redis";
import { default as ours } from "../../../src/adapters/express-session.ts";
import { sessionIn } from "../express-session.ts";

const [kind = "", url = ""] = process.argv.slice(2);
const client = await createClient({ url }).connect();
const session = kind === "ours" ? ours : real;
const app = express();
app.use(
  session({
    secret: "of the test",
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 3_600_000 },
    store: new RedisStore({ client }),
  }),
);

app.get("/login/:user", (req, res, next) => {
  sessionIn(req).regenerate((error) => {
    if (error) return next(error);
    sessionIn(req).user = req.params.user;
    sessionIn(req).n1 = 0;
    res.send("in");
  });
});
app.get("/count", (req, res) => {
  const held = sessionIn(req);
  if (held.user !== undefined) held.n1 = Number(held.n1) + 1;
  res.send(`${held.user} ${held.n1}`);
});
app.get("/read", (req, res) => void res.send(`${sessionIn(req).user} ${sessionIn(req).n1}`));
app.get("/logout", (req, res, next) => {
  sessionIn(req).destroy((error) => (error ? next(error) : res.send("out")));
});

/** Requests that have their session and wait before they change it. */
const waiting = new Map<string, () => void>();
app.get("/slow/:name", async (req, res) => {
  await new Promise<void>((resolve) => {
    waiting.set(req.params.name, resolve);
    process.send?.({ arrived: req.params.name });
  });
  sessionIn(req).n2 = 1;
  res.send("late");
});
app.get("/release/:name", (req, res) => {
  waiting.get(req.params.name)?.();
  res.send("released");
});

const server = app.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once("disconnect", () => process.exit());
