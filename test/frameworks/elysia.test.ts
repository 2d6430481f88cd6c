/** Sojourn for Elysia. */
import { Elysia } from "elysia";
import { expect, it } from "vitest";
import { elysiaSession } from "../../src/adapters/elysia.ts";
import { createSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { connections } from "../support/adapter-suites/connections.ts";
import { crossSite } from "../support/adapter-suites/cross-site.ts";
import { guarantees } from "../support/adapter-suites/guarantees.ts";
import { requests } from "../support/adapter-suites/requests.ts";
import type { Data } from "../support/adapters.ts";
import { SECRET } from "../support/visitor.ts";
import { elysia, elysiaServer, elysiaWays } from "./servers/elysia.ts";

for (const adapter of [elysia, elysiaServer]) {
  requests(adapter);
  crossSite(adapter);
  guarantees(adapter, elysiaWays);
}
connections(elysiaServer);

it("keeps the session's cookie beside those that a handler sets by Elysia's own means", async () => {
  const sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore() });
  const { wrap, derive } = elysiaSession(sessions);
  const app = new Elysia()
    .wrap(wrap)
    .derive({ as: "global" }, derive)
    .get("/", ({ session, cookie }) => {
      session.data.count = 1;
      if (cookie.other) cookie.other.value = "1";
      return "hello";
    });
  const names = (await app.handle(new Request("https://app.example/"))).headers
    .getSetCookie()
    .map((line) => line.split("=")[0]);
  expect(names.sort()).toEqual(["__Host-Http-session", "other"]);
});
