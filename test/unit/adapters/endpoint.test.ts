/** The session endpoint: what a page is told, what is a sign of life, and how the end is heard. */
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { lazySessions } from "../../../src/adapters/adapter.ts";
import {
  type EndpointOptions,
  nodeSessionEndpoint,
  type SessionFacts,
  sessionEndpoint,
} from "../../../src/adapters/endpoint.ts";
import { Client } from "../../support/client.ts";
import { type AnyData, codeOf, openSite, type TestMode } from "../../support/visitor.ts";

const HOUR = 3_600_000;
const STREAM = { headers: { accept: "text/event-stream" } };

type Options = EndpointOptions<AnyData, { readonly theme: unknown }>;

/** A site with the endpoint at /session; POST /login and /logout beside it. */
function site(options: Options = {}, mode: TestMode = "server") {
  const opened = openSite({ idle: HOUR, lifetime: 8 * HOUR, touchEvery: 60_000 }, mode);
  const { sessions, clock } = opened;
  const endpoint = sessionEndpoint(sessions, {
    public: ({ data }) => ({ theme: data.theme ?? null }),
    clock,
    ...options,
  });
  const server = (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/session") return endpoint(request);
    return sessions.handle(request, async (session) => {
      if (pathname === "/login") {
        session.data.theme = "dark";
        session.data.secret = "s3cret";
        await session.login("ann", { factors: ["pwd"] });
      } else if (pathname === "/logout") await session.logout();
      return new Response();
    });
  };
  return { ...opened, client: new Client(server) };
}

async function facts(client: Client, init: RequestInit = {}, path = "/session"): Promise<SessionFacts> {
  return (await (await client.fetch(path, init)).json()) as SessionFacts;
}

/** Reads a stream until it has so many events, or is over. */
async function events(response: Response, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const found: string[] = [];
  while (found.length < most) {
    const { done, value } = await reader.read();
    if (done) break;
    found.push(new TextDecoder().decode(value));
  }
  reader.releaseLock();
  return found;
}

describe("GET", () => {
  it("tells the user, the public part, the level and the time left, and nothing else", async () => {
    const { client } = site();
    await client.fetch("/login", { method: "POST" });
    expect(await facts(client)).toEqual({
      userId: "ann",
      public: { theme: "dark" },
      level: "aal1",
      idleMs: HOUR,
      lifetimeMs: 8 * HOUR,
      because: null,
      stream: true,
    });
  });

  it("is not cached, and stores nothing for a stranger", async () => {
    const { client, instrument } = site();
    const response = await client.fetch("/session");
    expect(await response.json()).toEqual({
      userId: null,
      public: { theme: null },
      level: null,
      idleMs: null,
      lifetimeMs: null,
      because: "none",
      stream: true,
    });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(Object.values(instrument.calls).reduce((sum, calls) => sum + calls, 0)).toBe(0);
  });

  it("is no sign of life, and POST is one", async () => {
    const { client, clock } = site();
    await client.fetch("/login", { method: "POST" });
    clock.advance(HOUR / 2);
    expect((await facts(client)).idleMs).toBe(HOUR / 2);
    expect((await facts(client)).idleMs).toBe(HOUR / 2);
    expect(await facts(client, { method: "POST" })).toMatchObject({ idleMs: HOUR, lifetimeMs: 7.5 * HOUR });
    clock.advance(HOUR - 1);
    expect((await facts(client)).userId).toBe("ann");
    clock.advance(1);
    expect(await facts(client)).toMatchObject({ userId: null, idleMs: null, lifetimeMs: null });
  });

  it.each(["server", "tracked", "stateless"] as const)("tells a page of the %s mode the same", async (mode) => {
    const { client } = site({}, mode);
    await client.fetch("/login", { method: "POST" });
    expect(await facts(client)).toMatchObject({ userId: "ann", idleMs: HOUR, stream: mode !== "stateless" });
    await client.fetch("/logout", { method: "POST" });
    expect((await facts(client)).userId).toBeNull();
  });

  it("gives a CSRF token that the application accepts, when it is asked", async () => {
    const { client, sessions } = site();
    await client.fetch("/login", { method: "POST" });
    const { csrfToken } = await facts(client, {}, "/session?csrf=1");
    const session = await sessions.open(
      new Request("https://app.example/", { headers: { cookie: await client.cookies() } }),
    );
    expect(await session.verifyCsrfToken(csrfToken)).toBe(true);
    const stranger = site().client;
    expect((await facts(stranger, {}, "/session?csrf=1")).csrfToken).toHaveLength(86);
    expect(await stranger.cookies()).not.toBe("");
  });

  it("answers 503 while the store is down, which says nothing about the session", async () => {
    const { client, instrument } = site();
    await client.fetch("/login", { method: "POST" });
    instrument.fail("get");
    expect((await client.fetch("/session")).status).toBe(503);
    expect((await client.fetch("/session", STREAM)).status).toBe(503);
  });
});

it("refuses a POST of another site, and other methods", async () => {
  const { client } = site();
  await client.fetch("/login", { method: "POST" });
  const foreign = await client.fetch("/session", { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
  expect(foreign.status).toBe(403);
  const other = await client.fetch("/session", { method: "DELETE" });
  expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
});

it("makes sessions that wait for their first use at the first request, not where its module is evaluated", async () => {
  let made = 0;
  const sessions = lazySessions(
    () => {
      made++;
      return openSite().sessions;
    },
    { name: "endpoint" },
  );
  const endpoint = sessionEndpoint(sessions);
  expect(made).toBe(0);
  expect((await endpoint(new Request("https://app.example/session"))).status).toBe(200);
  expect(made).toBe(1);
});

it("refuses a heartbeat that is none", async () => {
  const { sessions } = openSite();
  expect(await codeOf(() => sessionEndpoint(sessions, { heartbeat: 10 }))).toBe("SOJOURN_INVALID_OPTION");
});

describe("the stream", () => {
  it("tells the facts at once, and the end when the session ends elsewhere", async () => {
    const { client, sessions } = site();
    await client.fetch("/login", { method: "POST" });
    const stream = await client.fetch("/session", STREAM);
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(stream.headers.get("cache-control")).toContain("no-store");
    const [first] = await events(stream, 1);
    expect(first).toMatch(/^event: session\ndata: \{"userId":"ann"/);
    await sessions.revokeUser("ann");
    const [last, ...more] = await events(stream);
    // The reason is known where the process that ended it is the one that tells, and the store was not faster.
    expect(last).toMatch(/^event: end\ndata: \{"reason":(null|"revoked")\}\n\n$/);
    expect(more).toEqual([]);
  });

  it("tells proxies and compressors not to hold it back", async () => {
    const { client } = site();
    await client.fetch("/login", { method: "POST" });
    const { headers, body } = await client.fetch("/session", STREAM);
    await body?.cancel();
    expect(headers.get("cache-control")).toBe("no-store, no-transform");
    expect(headers.get("x-accel-buffering")).toBe("no");
  });

  it("is no sign of life", async () => {
    const { client, clock } = site();
    await client.fetch("/login", { method: "POST" });
    clock.advance(HOUR / 2);
    const stream = await client.fetch("/session", STREAM);
    expect((await facts(client)).idleMs).toBe(HOUR / 2);
    await stream.body?.cancel();
  });

  it("is not opened for a stranger, for a stateless session, and where it is switched off", async () => {
    expect((await site().client.fetch("/session", STREAM)).status).toBe(204);
    for (const { client } of [site({}, "stateless"), site({ stream: false })]) {
      await client.fetch("/login", { method: "POST" });
      expect((await client.fetch("/session", STREAM)).status).toBe(204);
      expect((await facts(client)).stream).toBe(false);
    }
  });
});

describe("over node:http", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  it("answers, keeps alive, checks where a POST comes from, and ends its stream when somebody has gone", async () => {
    const { sessions, client } = site();
    await client.fetch("/login", { method: "POST" });
    const cookie = await client.cookies();
    const endpoint = nodeSessionEndpoint(sessions);
    const server = createServer((req, res) => endpoint(req, res));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/session`;
    const answer = await fetch(url, { headers: { cookie } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { userId: "ann" }]);
    const own = { cookie, "sec-fetch-site": "same-origin" };
    expect((await fetch(url, { method: "POST", headers: own })).status).toBe(200);
    const foreign = { cookie, "sec-fetch-site": "cross-site" };
    expect((await fetch(url, { method: "POST", headers: foreign })).status).toBe(403);

    const closed = new Promise<void>((resolve) => {
      server.once("request", (_req, res) => res.once("close", resolve));
    });
    const request = get(url, { headers: { cookie, accept: "text/event-stream" }, agent: false }, (response) =>
      response.once("data", () => request.destroy()),
    );
    request.on("error", () => {});
    await closed;
  });
});
