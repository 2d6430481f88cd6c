/** A callback that an identity provider's page posts: without the cookie, from another site, and it ends in the visitor's own session. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, it, onTestFinished } from "vitest";
import { expressSession, getSession } from "../../src/adapters/express.ts";
import { createSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { testBrowser } from "../../src/testing/index.ts";
import { SECRET } from "../support/visitor.ts";

const CROSS_SITE = { origin: "https://login.provider.example", "sec-fetch-site": "cross-site" };

async function start(): Promise<string> {
  const sessions = createSessions<{ state?: string; cart?: string }>({ secrets: SECRET, store: memoryStore() });
  const app = express();
  app.post("/auth/callback", express.urlencoded({ extended: false }), (req, res) => {
    const { code = "", state = "" } = req.body as Record<string, string>;
    res.redirect(303, `/auth/finish?${new URLSearchParams({ code, state })}`);
  });
  app.use(expressSession(sessions));
  app.get("/auth/begin", (req, res) => {
    Object.assign(getSession(sessions, req).data, { state: "s-1", cart: "oranges" });
    res.send("to the provider");
  });
  app.get("/auth/finish", async (req, res) => {
    const session = getSession(sessions, req);
    if (!session.data.state || req.query.state !== session.data.state) return void res.sendStatus(403);
    await session.login(String(req.query.code));
    delete session.data.state;
    res.redirect(303, "/");
  });
  app.get("/", (req, res) => {
    const session = getSession(sessions, req);
    res.json({ user: session.userId, cart: session.data.cart });
  });
  app.post("/inside", (_req, res) => void res.send("never"));
  const server = app.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("ends in the session that began the login, and leaves its cookie alone on the way", async () => {
  const url = await start();
  const ann = testBrowser();
  ann.keep(await fetch(`${url}/auth/begin`, { headers: ann.headers() }));
  // As the provider's page makes the browser send it.
  const body = new URLSearchParams({ code: "ann", state: "s-1" });
  const posted = await fetch(`${url}/auth/callback`, { method: "POST", redirect: "manual", headers: CROSS_SITE, body });
  expect([posted.status, posted.headers.getSetCookie()]).toEqual([303, []]);
  const next = url + posted.headers.get("location");
  // A navigation by GET that another site began: with the cookie.
  const headers = { ...ann.headers(), "sec-fetch-site": "cross-site" };
  expect(ann.keep(await fetch(next, { redirect: "manual", headers })).status).toBe(303);
  expect(await (await fetch(url, { headers: ann.headers() })).json()).toEqual({ user: "ann", cart: "oranges" });
  // The same address is worth nothing a second time, and nothing in another browser.
  expect((await fetch(next, { redirect: "manual", headers: ann.headers() })).status).toBe(403);
  expect((await fetch(next, { redirect: "manual" })).status).toBe(403);
});

it("is refused behind the sessions", async () => {
  const url = await start();
  expect((await fetch(`${url}/inside`, { method: "POST", headers: CROSS_SITE })).status).toBe(403);
});
