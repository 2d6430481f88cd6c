/** Sojourn for h3 2, and for the release candidate of it that Nitro 3.0 pins. */
import { bodyLimit, H3, HTTPError, setCookie } from "h3";
import { describe, expect, it } from "vitest";
import { getSession, h3Session } from "../../src/adapters/h3.ts";
import { createSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { connections } from "../support/adapter-suites/connections.ts";
import { crossSite } from "../support/adapter-suites/cross-site.ts";
import { guarantees } from "../support/adapter-suites/guarantees.ts";
import { requests } from "../support/adapter-suites/requests.ts";
import type { Data } from "../support/adapters.ts";
import { Client } from "../support/client.ts";
import { SECRET } from "../support/visitor.ts";
import { h3, h3Candidate, h3Ways } from "./servers/h3.ts";

for (const adapter of [h3, h3Candidate]) {
  requests(adapter);
  crossSite(adapter);
  guarantees(adapter, h3Ways);
}
connections(h3);

describe("what is particular to h3", () => {
  const sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore() });

  function serve(): { app: H3; client: Client } {
    const app = new H3({ silent: true });
    app.use(h3Session(sessions, { onError: () => {} }));
    return { app, client: new Client(async (request) => app.fetch(request)) };
  }

  it("opens one session where a body limit replaces event.req, and where an application is mounted", async () => {
    const { app, client } = serve();
    app.use(bodyLimit(1000));
    const mounted = new H3().use(h3Session(sessions)).all("/count", (event) => {
      const { data } = getSession(sessions, event);
      data.count = (data.count ?? 0) + 1;
      return String(data.count);
    });
    app.mount("/sub", mounted);
    const answer = await client.fetch("/sub/count", { method: "POST", body: "x" });
    expect([await answer.text(), answer.headers.getSetCookie().length]).toEqual(["1", 1]);
  });

  it("hands the cookie out with what is thrown, returned or missing as an error below 500", async () => {
    const { app, client } = serve();
    app.get("/throw", (event) => {
      getSession(sessions, event).data.count = 1;
      throw new HTTPError({ status: 404, message: "no such thing", headers: { "x-own": "1" } });
    });
    app.get("/return", (event) => {
      getSession(sessions, event).data.count = 1;
      return new HTTPError({ status: 410 });
    });
    app.use((event, next) => {
      getSession(sessions, event).data.seen = true;
      return next();
    });
    for (const [path, status] of [
      ["/throw", 404],
      ["/return", 410],
      ["/nowhere", 404],
    ] as const) {
      const answer = await new Client(async (request) => app.fetch(request)).fetch(path);
      expect([answer.status, answer.headers.getSetCookie().length], path).toEqual([status, 1]);
      expect(await answer.json()).toMatchObject({ status });
    }
    expect((await client.fetch("/throw")).headers.get("x-own")).toBe("1");
  });

  it("leaves error pages to the application where the client has nothing to hear", async () => {
    const app = new H3({ silent: true, onError: () => new Response("own page", { status: 500 }) });
    app.use(h3Session(sessions, { onError: () => {} }));
    app.get("/login", async (event) => {
      await getSession(sessions, event).login("ann");
      throw new Error("no");
    });
    app.get("/", () => {
      throw new Error("no");
    });
    expect(await (await app.request("/")).text()).toBe("own page");
    const login = await app.request("/login");
    expect([login.status, login.headers.getSetCookie().length]).toEqual([500, 1]);
  });

  it("keeps the session's answer out of caches whatever event.res says, and others' cookies", async () => {
    const { app, client } = serve();
    app.get("/", (event) => {
      event.res.headers.set("cache-control", "public");
      setCookie(event, "other", "1");
      getSession(sessions, event).data.count = 1;
      return new Response("x");
    });
    const { headers } = await client.fetch("/");
    expect([headers.get("cache-control"), headers.getSetCookie().length]).toEqual(["no-store", 2]);
  });

  it("says what is missing when the middleware did not run", async () => {
    const app = new H3({ silent: true }).get("/", (event) => getSession(sessions, event).id);
    expect((await app.request("/")).status).toBe(500);
    expect(() => getSession(sessions, { context: {} })).toThrow(/app\.use\(h3Session/);
  });
});
