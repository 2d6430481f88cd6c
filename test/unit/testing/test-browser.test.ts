/** A visitor for test clients that are no browsers. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, it, onTestFinished } from "vitest";
import { expressSession, getSession } from "../../../src/adapters/express.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { testBrowser } from "../../../src/testing/index.ts";
import { SECRET } from "../../support/visitor.ts";

const sessions = createSessions({ secrets: SECRET, store: memoryStore() });
const app = express();
app.use(expressSession(sessions));
app.get("/", (req, res) => void res.send(getSession(sessions, req).userId ?? "nobody"));
app.post("/login", async (req, res) => {
  await getSession(sessions, req).login("ann");
  res.send("in");
});
app.post("/logout", async (req, res) => {
  await getSession(sessions, req).logout();
  res.send("out");
});

it("logs in and out over plain HTTP, with the default cookie and without a token", async () => {
  const server = app.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ann = testBrowser();
  const send = async (path: string, method = "GET") =>
    ann.keep(await fetch(url + path, { method, headers: ann.headers() }));
  expect((await send("/login", "POST")).status).toBe(200);
  expect(ann.cookie("__Host-Http-session")).toBeTypeOf("string");
  expect(await (await send("/")).text()).toBe("ann");
  expect((await send("/logout", "POST")).status).toBe(200);
  expect(await (await send("/")).text()).toBe("nobody");
  expect(ann.cookie("__Host-Http-session")).toBeUndefined();
});

it("reads the cookies of what supertest and inject answer with", () => {
  const ann = testBrowser();
  ann.keep({ headers: { "set-cookie": ["a=1; Path=/", "b=2"] } });
  expect(ann.headers().cookie).toBe("a=1; b=2");
  ann.keep({ headers: { "set-cookie": "a=; Max-Age=0" } });
  expect(ann.headers()).toEqual({ "sec-fetch-site": "same-origin", cookie: "b=2" });
  ann.keep({ headers: {} });
  expect(testBrowser().headers()).toEqual({ "sec-fetch-site": "same-origin" });
});
