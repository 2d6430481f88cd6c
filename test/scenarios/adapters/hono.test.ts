/** What is particular to Hono: responses that cannot be changed, streams, its error handling, environments. */
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { setCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";
import { stream, streamSSE, streamText } from "hono/streaming";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { honoSession, type SessionEnv } from "../../../src/adapters/hono.ts";
import { type AllSessions, createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { listen, overHttp, Wire } from "../../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
let app: Hono<SessionEnv<Data>>;
let server: Server;
let port: number;
let client: Client;
let errors: unknown[];

beforeEach(async () => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({
    secrets: SECRET,
    store: store.store,
    storeTimeout: "20s",
    maxSessionsPerUser: 1,
    onLimit: "reject",
  });
  errors = [];
  app = new Hono<SessionEnv<Data>>();
  app.use(honoSession(sessions, { onError: (error) => errors.push(error) }));
  app.onError((error) =>
    error instanceof HTTPException ? error.getResponse() : new Response("page", { status: 500 }),
  );
  server = createServer(getRequestListener((request) => app.fetch(request)));
  port = await listen(server);
  client = new Client(overHttp(port));
});

afterEach(async () => {
  store.restore();
  server.closeAllConnections();
  server.close();
  await sessions.close();
});

describe("streams", () => {
  for (const [name, streaming] of Object.entries({
    streamText: (c: Parameters<typeof streamText>[0]) => streamText(c, async (out) => void (await out.write("late"))),
    streamSSE: (c: Parameters<typeof streamSSE>[0]) =>
      streamSSE(c, async (out) => void (await out.writeSSE({ data: "late" }))),
    stream: (c: Parameters<typeof stream>[0]) => stream(c, async (out) => void (await out.write("late"))),
  })) {
    it(`begin when the session is saved: ${name}`, async () => {
      app.get("/", (c) => {
        c.var.session.data.count = 1;
        return streaming(c);
      });
      const held = store.hold("create");
      const wire = new Wire(port);
      wire.send("/", { headers: { connection: "close" } });
      await held.reached;
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
      expect(wire.received).toBe("");
      held.release();
      expect(await wire.until("closed")).toMatch(/set-cookie: __Host-.*session=[\s\S]*late/i);
      wire.close();
    });
  }

  it("close when the session ends", async () => {
    app.post("/login", async (c) => {
      await c.var.session.login("ann");
      return c.text("in");
    });
    app.get("/events", (c) =>
      streamSSE(c, async (out) => {
        const { signal } = c.var.session;
        await out.writeSSE({ data: "open" });
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        await out.writeSSE({ data: "closed" });
      }),
    );
    await client.fetch("/login", { method: "POST" });
    const wire = new Wire(port);
    wire.send("/events", { headers: { connection: "close", cookie: await client.cookies() } });
    await wire.until(/data: open/);
    await sessions.revokeUser("ann");
    expect(await wire.until(/\r\n0\r\n\r\n$/)).toContain("data: closed");
    wire.close();
  });

  it("are given up when the commit fails", async () => {
    let aborted = false;
    let listening = (): boolean => true;
    app.get("/", (c) => {
      const { session } = c.var;
      expect(session.signal.aborted).toBe(false);
      listening = () => session.listening;
      session.data.bad = () => {};
      return stream(c, async (out) => {
        out.onAbort(() => {
          aborted = true;
        });
        while (!aborted) await out.write("secret");
      });
    });
    const answer = await client.fetch();
    expect([answer.status, await answer.text()]).toEqual([500, "Internal server error\n"]);
    await expect.poll(() => aborted).toBe(true);
    expect(listening()).toBe(false);
    expect(errors).toMatchObject([{ code: "SOJOURN_DATA_NOT_SERIALISABLE" }]);
  });
});

describe("responses", () => {
  it("may be ones that cannot be changed", async () => {
    app.get("/redirect", (c) => {
      c.var.session.data.count = 1;
      return Response.redirect("https://app.example/next", 303);
    });
    app.get("/proxy", async (c) => {
      c.var.session.data.count = 2;
      return fetch("data:text/plain,proxied");
    });
    const redirect = await client.fetch("/redirect");
    expect([redirect.status, redirect.headers.get("location"), redirect.headers.getSetCookie().length]).toEqual([
      303,
      "https://app.example/next",
      1,
    ]);
    const proxied = await new Client(overHttp(port)).fetch("/proxy");
    expect([await proxied.text(), proxied.headers.getSetCookie().length]).toEqual(["proxied", 1]);
  });

  it("may be a constant, which takes nothing of one client to the next", async () => {
    const done = new Response(null, { status: 204 });
    app.get("/login", async (c) => {
      await c.var.session.login("ann");
      return done;
    });
    app.get("/", () => done);
    const login = await client.fetch("/login");
    expect([login.status, login.headers.getSetCookie().length]).toEqual([204, 1]);
    expect((await app.request("/")).headers.getSetCookie()).toEqual([]);
  });

  it("keep cookies that Hono's helper has set, on all kinds of them", async () => {
    app.use("/cookies/*", async (c, next) => {
      setCookie(c, "first", "1");
      await next();
      setCookie(c, "last", "1");
    });
    app.get("/cookies/text", (c) => {
      c.var.session.data.count = 1;
      setCookie(c, "inner", "1");
      return c.text("x");
    });
    app.get("/cookies/redirect", (c) => {
      c.var.session.data.count = 1;
      return Response.redirect("https://app.example/");
    });
    const names = async (path: string): Promise<string[]> =>
      (await new Client(overHttp(port)).fetch(path)).headers
        .getSetCookie()
        .map((line) => line.replace(/=.*/, ""))
        .sort();
    expect(await names("/cookies/text")).toEqual([expect.stringMatching(/^__Host-/), "first", "inner", "last"]);
    // What was set before a response that Hono did not make, Hono drops.
    expect(await names("/cookies/redirect")).toEqual([expect.stringMatching(/^__Host-/), "last"]);
  });
});

describe("errors", () => {
  it("are answered by the application, and judged by their status", async () => {
    app.get("/:status", (c) => {
      c.var.session.data.count = (c.var.session.data.count ?? 0) + 1;
      const status = Number(c.req.param("status"));
      if (status === 200) return c.text(String(c.var.session.data.count));
      throw status === 500 ? new Error("no") : new HTTPException(404);
    });
    expect((await client.fetch("/404")).status).toBe(404);
    const failed = await client.fetch("/500");
    expect([failed.status, await failed.text()]).toEqual([500, "page"]);
    expect(await (await client.fetch("/200")).text()).toBe("2");
  });

  it("of Sojourn get their status when the application has none for them", async () => {
    app.get("/fresh", (c) => {
      c.var.session.requireFresh("10m");
      return c.text("fresh");
    });
    app.post("/login", async (c) => {
      await c.var.session.login("ann");
      return c.text("in");
    });
    expect((await client.fetch("/fresh")).status).toBe(401);
    expect((await client.fetch("/login", { method: "POST" })).status).toBe(200);
    expect((await new Client(overHttp(port)).fetch("/login", { method: "POST" })).status).toBe(409);
  });

  it("of Sojourn stay the application's when it has answered them", async () => {
    app.onError((_error, c) => c.text("log in first", 418));
    app.get("/fresh", (c) => {
      c.var.session.requireFresh("10m");
      return c.text("fresh");
    });
    const answer = await client.fetch("/fresh");
    expect([answer.status, await answer.text()]).toEqual([418, "log in first"]);
  });
});

describe("the middleware", () => {
  it("may be used more than once", async () => {
    const inner = new Hono<SessionEnv<Data>>().use(honoSession(sessions));
    inner.get("/", (c) => {
      c.var.session.data.count = 1;
      return c.text("x");
    });
    app.route("/inner", inner);
    const answer = await client.fetch("/inner");
    expect([answer.status, answer.headers.getSetCookie().length, store.total]).toEqual([200, 1, 1]);
    store.resetCalls();
    await client.fetch("/inner");
    expect(store.total).toBe(1);
  });

  it("hands the session on to an application that is given the same request", async () => {
    const inner = new Hono<SessionEnv<Data>>().use(honoSession(sessions));
    inner.get("/inner", async (c) => {
      await c.var.session.login("ann");
      return c.text(`inner: ${c.var.session.userId}`);
    });
    app.get("/inner", (c) => inner.fetch(c.req.raw));
    app.get("/handled", (c) =>
      sessions.handle(c.req.raw, (session) => {
        session.data.count = 1;
        return new Response("handled");
      }),
    );
    const answer = await client.fetch("/inner");
    expect([await answer.text(), answer.headers.getSetCookie().length]).toEqual(["inner: ann", 1]);
    const handled = await new Client(overHttp(port)).fetch("/handled");
    expect([await handled.text(), handled.headers.getSetCookie().length]).toEqual(["handled", 1]);
  });

  it("gives a session to a request that is sent again", async () => {
    app.get("/", (c) => c.text(String(c.var.session.isNew)));
    const again = new Request("https://app.example/");
    for (let times = 0; times < 2; times++) expect(await (await app.request(again)).text()).toBe("true");
  });

  it("takes the sessions of an environment, and types them", async () => {
    const made = new Hono<{ Bindings: { sessions: AllSessions<Data> } }>();
    const asked = made
      .use(honoSession<Data>((c) => (c.env as { sessions: AllSessions<Data> }).sessions))
      .get("/", (c) => {
        expectTypeOf(c.var.session).toEqualTypeOf<Session<Data>>();
        c.var.session.data.count = 1;
        return c.text("x");
      });
    const answer = await asked.request("https://app.example/", {}, { sessions });
    expect(answer.headers.getSetCookie()).toHaveLength(1);
  });

  it("records the address that it is given", async () => {
    const addressed = new Hono<SessionEnv<Data>>().use(
      honoSession(sessions, { address: (c) => c.req.header("x-real-ip") }),
    );
    addressed.post("/", async (c) => {
      await c.var.session.login("ann");
      return c.text(c.var.session.device?.network ?? "none");
    });
    const answer = await addressed.request("https://app.example/", {
      method: "POST",
      headers: { "x-real-ip": "198.51.100.7" },
    });
    expect(await answer.text()).toContain("198.51.100");
  });
});
