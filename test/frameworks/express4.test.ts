/** Sojourn for Express 4, which does not hear of rejections. */
import { createServer } from "node:http";
import type express from "express";
import express4 from "express4";
import { expect, it } from "vitest";
import { expressCsrf, expressSession, getSession } from "../../src/adapters/express.ts";
import { createSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { connections } from "../support/adapter-suites/connections.ts";
import { crossSite } from "../support/adapter-suites/cross-site.ts";
import { guarantees } from "../support/adapter-suites/guarantees.ts";
import { requests } from "../support/adapter-suites/requests.ts";
import type { Data } from "../support/adapters.ts";
import { exchange, listen } from "../support/sockets.ts";
import { SECRET } from "../support/visitor.ts";
import { expressFour, expressFourWays } from "./servers/express4.ts";

requests(expressFour);
crossSite(expressFour);
connections(expressFour);
guarantees(expressFour, expressFourWays);

it("answers what goes wrong in the adapter, and ends neither the process nor in silence", async () => {
  const store = memoryStore();
  const sessions = createSessions<Data>({ secrets: SECRET, store, csrf: { tokens: "always" } });
  const app = express4();
  app.get("/unmounted", expressCsrf(sessions));
  app.get("/nothing", (req, res) => void res.send(getSession(sessions, req).id));
  app.use(expressSession(sessions, { onError: () => {} }));
  app.get("/bad", (req, res) => {
    getSession(sessions, req).data.bad = () => {};
    res.send("hello");
  });
  app.use(((error: { code?: string }, _req, res, _next) => {
    res.status(500).send(error.code);
  }) as express.ErrorRequestHandler);
  const server = createServer(app);
  const port = await listen(server);
  expect(await exchange(port, "/unmounted")).toMatch(/500[\s\S]*SOJOURN_UNSUPPORTED/);
  expect(await exchange(port, "/nothing")).toMatch(/500[\s\S]*SOJOURN_UNSUPPORTED/);
  expect(await exchange(port, "/bad")).toMatch(/500[\s\S]*SOJOURN_DATA_NOT_SERIALISABLE/);
  server.close();
});
