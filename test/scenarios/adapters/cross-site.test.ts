/** Who may change something, whichever adapter is asked: the table of Go's CrossOriginProtection, and tokens. */
import { createServer } from "node:http";
import express from "express";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { expressCsrf, expressSession, getSession } from "../../../src/adapters/express.ts";
import { withSession as withFetchSession } from "../../../src/adapters/fetch.ts";
import { honoSession, type SessionEnv } from "../../../src/adapters/hono.ts";
import { withSession } from "../../../src/adapters/node.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { crossSite } from "../../support/adapter-suites/cross-site.ts";
import { adapters, type Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { exchange, listen, overHttp } from "../../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

for (const adapter of adapters) crossSite(adapter);

describe("a token in a form", () => {
  const sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore(), csrf: { tokens: "always" } });
  const closing: (() => void)[] = [];

  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  async function expectToken(server: (request: Request) => Promise<Response>): Promise<void> {
    const client = new Client(server);
    const token = await (await client.fetch("/")).text();
    const post = (body: BodyInit): Promise<Response> => client.fetch("/", { method: "POST", body });
    const good = await post(new URLSearchParams({ csrf: token, name: "Ann" }));
    expect([good.status, await good.text()]).toEqual([200, "Ann"]);
    expect((await post(new URLSearchParams({ csrf: `${token}x`, name: "Ann" }))).status).toBe(403);
    expect((await post(new URLSearchParams({ name: "Ann" }))).status).toBe(403);
    expect((await client.fetch(`/?csrf=${token}`, { method: "POST" })).status).toBe(403);
  }

  async function overExpress(build: (app: express.Express) => void): Promise<(request: Request) => Promise<Response>> {
    const app = express();
    build(app);
    app.get("/", async (req, res) => void res.send(await getSession(sessions, req).csrfToken()));
    app.post("/", (req, res) => void res.send((req.body as { name: string }).name));
    const server = createServer(
      app.use(((error, _req, res, _next) => res.status(error.status).end()) as express.ErrorRequestHandler),
    );
    closing.push(() => server.close());
    return overHttp(await listen(server));
  }

  it("is found by the Fetch adapter, which leaves the body to the handler", async () => {
    await expectToken(
      withFetchSession(sessions, async (session, request) =>
        request.method === "GET"
          ? new Response(await session.csrfToken())
          : new Response((await request.formData()).get("name") as string),
      ),
    );
  });

  it("is found by the Hono adapter, which leaves the body to the handler", async () => {
    const app = new Hono<SessionEnv<Data>>().use(honoSession(sessions));
    app.get("/", async (c) => c.text(await c.var.session.csrfToken()));
    app.post("/", async (c) => c.text(String((await c.req.parseBody()).name)));
    await expectToken(async (request) => app.request(request));
  });

  it("is found by the Express adapter when the parser comes first", async () => {
    await expectToken(await overExpress((app) => app.use(express.urlencoded(), expressSession(sessions))));
  });

  it("is found by expressCsrf when the parser comes later", async () => {
    await expectToken(
      await overExpress((app) =>
        app.use(expressSession(sessions, { csrf: false }), express.urlencoded(), expressCsrf(sessions)),
      ),
    );
  });

  it("is missed, and the request refused, when the parser comes after the check", async () => {
    const server = await overExpress((app) => app.use(expressSession(sessions), express.urlencoded()));
    const client = new Client(server);
    const token = await (await client.fetch("/")).text();
    expect((await client.fetch("/", { method: "POST", body: new URLSearchParams({ csrf: token }) })).status).toBe(403);
  });

  it("is given to the Node adapter by whoever reads the body", async () => {
    const forms = new WeakMap<object, URLSearchParams>();
    const read = async (req: AsyncIterable<Uint8Array>): Promise<URLSearchParams> => {
      const known = forms.get(req);
      if (known) return known;
      let text = "";
      for await (const chunk of req) text += chunk;
      forms.set(req, new URLSearchParams(text));
      return forms.get(req) as URLSearchParams;
    };
    const server = createServer(
      withSession(
        sessions,
        async (req, res, session) =>
          void res.end(req.method === "GET" ? await session.csrfToken() : (await read(req)).get("name")),
        { body: read },
      ),
    );
    closing.push(() => server.close());
    await expectToken(overHttp(await listen(server)));
  });
});

describe("native clients", () => {
  const handshake = { upgrade: "websocket" };
  const ask = async (csrf: { nativeClients: boolean }, headers: Record<string, string>): Promise<boolean> => {
    const sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore(), csrf });
    const source = { method: "GET", url: "/", header: (name: string) => headers[name] };
    return (await sessions.protect(source, await sessions.open(source))).allowed;
  };

  it("are let in without an Origin where the application says so, and browsers as before", async () => {
    expect(await ask({ nativeClients: false }, handshake)).toBe(false);
    expect(await ask({ nativeClients: true }, handshake)).toBe(true);
    expect(await ask({ nativeClients: true }, { ...handshake, origin: "https://evil.example" })).toBe(false);
  });
});

describe("exact answers", () => {
  it("says why, and nothing may keep it", async () => {
    const sessions = createSessions({ secrets: SECRET, store: memoryStore() });
    const server = createServer(withSession(sessions, (_req, res) => res.end()));
    const answer = await exchange(await listen(server), "/", {
      method: "POST",
      headers: { "sec-fetch-site": "cross-site" },
    });
    server.close();
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer).toMatch(/cache-control: no-store/i);
    expect(answer).toMatch(/\r\n\r\nForbidden: cross-site\n$/);
  });
});
