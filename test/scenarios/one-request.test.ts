/** One request has one session, whatever object stands for it. */
import "../../src/adapters/context.ts";
import { createServer } from "node:http";
import express from "express";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { currentSession, requireSession } from "../../src/adapters/context.ts";
import { expressSession, getSession } from "../../src/adapters/express.ts";
import { withSession } from "../../src/adapters/fetch.ts";
import { honoSession, type SessionEnv } from "../../src/adapters/hono.ts";
import { withSession as withNodeSession } from "../../src/adapters/node.ts";
import { createSessions, type Session } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { instrumentedStore } from "../../src/testing/index.ts";
import type { Data } from "../support/adapters.ts";
import { listen } from "../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const store = instrumentedStore(memoryStore());
const sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
const servers: { close(): unknown }[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const request = (headers: Record<string, string> = {}): Request => new Request("https://app.example/", { headers });

async function ask(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  const answer = await fetch(`http://127.0.0.1:${await listen(server)}/`, { headers: { connection: "close" } });
  return answer.text();
}

describe("sessions.open()", () => {
  it("finds the session of a Fetch request by its clone, and by a clone of that", async () => {
    const original = request();
    const session = await sessions.open(original);
    const copy = original.clone();
    expect(await sessions.open(copy)).toBe(session);
    expect(await sessions.open(copy.clone())).toBe(session);
    expect(await sessions.open(request())).not.toBe(session);
  });

  it("finds it by the key that an adapter chose", async () => {
    const key = {};
    const session = await sessions.open(request(), { key });
    expect(await sessions.open(request(), { key })).toBe(session);
    expect(await sessions.open(request(), { key: {} })).not.toBe(session);
  });

  it("finds it where the adapter was told the address", async () => {
    const handler = withSession(
      sessions,
      async (session, asked) => {
        (await sessions.open(asked)).data.count = 7;
        return Response.json(session.data.count);
      },
      { address: () => "192.0.2.1" },
    );
    const answer = await handler(request());
    expect([await answer.json(), answer.headers.getSetCookie().length]).toEqual([7, 1]);
  });

  it("finds it by the Node request, and by what a framework made of it", async () => {
    const same = async (session: Session<Data>, asked: object): Promise<string> =>
      String((await sessions.open(asked as Request)) === session);
    const node = withNodeSession(sessions, async (req, res, session) => res.end(await same(session, req)));
    expect(await ask(node)).toBe("true");
    const wrapped = withNodeSession(sessions, async (req, res, session) => res.end(await same(session, { raw: req })));
    expect(await ask(wrapped)).toBe("true");
    const app = express();
    app.use(expressSession(sessions));
    app.use(async (req, res) => void res.send(await same(getSession(sessions, req), req)));
    expect(await ask(app)).toBe("true");
  });

  it("finds it by Hono's request", async () => {
    const app = new Hono<SessionEnv<Data>>();
    app.use(honoSession(sessions));
    app.get("/", async (c) => c.text(String((await sessions.open(c.req as never)) === c.var.session)));
    expect(await (await app.request("/")).text()).toBe("true");
  });

  it("opens a Node request that nobody has opened, with its cookies and its address", async () => {
    const text = await ask(async (req, res) => {
      const session = await sessions.open(req);
      await session.login("ann");
      res.end(session.device?.network);
    });
    expect(text).toBe("127.0.0.0/24");
  });

  it.each([undefined, {}, { headers: "a" }, "https://app.example/"])(
    "refuses what is no request: %j",
    async (given) => {
      await expect(sessions.open(given as never)).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    },
  );
});

describe("sojourn/context", () => {
  it("knows the session of the running request, and none outside of one", async () => {
    expect(currentSession(sessions)).toBeUndefined();
    expect(() => requireSession(sessions)).toThrow(expect.objectContaining({ code: "SOJOURN_UNSUPPORTED" }));
    const service = async (): Promise<Session<Data> | undefined> => currentSession(sessions);
    await sessions.handle(request(), async (session) => {
      expect(await service()).toBe(session);
      expect(requireSession(sessions)).toBe(session);
      return new Response();
    });
  });

  it("knows it in Node handlers, in Express and in Hono", async () => {
    const same = (session: Session<Data>): string => String(currentSession(sessions) === session);
    expect(await ask(withNodeSession(sessions, (_req, res, session) => res.end(same(session))))).toBe("true");
    const app = express();
    app.use(expressSession(sessions));
    app.use((req, res) => void res.send(same(getSession(sessions, req))));
    expect(await ask(app)).toBe("true");
    const hono = new Hono<SessionEnv<Data>>();
    hono.use(honoSession(sessions));
    hono.get("/", (c) => c.text(same(c.var.session)));
    expect(await (await hono.request("/")).text()).toBe("true");
  });

  it("recognises a copy that nothing leads back from, and leaves the commit to the outer handler", async () => {
    store.resetCalls();
    const answer = await sessions.handle(request({ cookie: "a=1" }), async (session, asked) => {
      expect(await sessions.open(new Request(asked))).toBe(session);
      const inner = await sessions.handle(new Request(asked), (again) => {
        expect(again).toBe(session);
        again.data.count = 1;
        return new Response("inner");
      });
      session.data.other = 2;
      return inner;
    });
    expect([answer.headers.getSetCookie().length, store.calls.create]).toEqual([1, 1]);
  });

  it("takes the request of another client for another request", async () => {
    await sessions.handle(request({ cookie: "a=1" }), async (session) => {
      expect(await sessions.open(request({ cookie: "a=2" }))).not.toBe(session);
      return new Response();
    });
  });

  it("tells managers apart, one within the other", async () => {
    const others = createSessions<Data>({ secrets: SECRET, store: memoryStore(), cookie: { name: "__Host-other" } });
    await sessions.handle(request(), (session, asked) =>
      others.handle(asked, (other) => {
        expect([currentSession(sessions), currentSession(others)]).toEqual([session, other]);
        expect(other).not.toBe(session);
        return new Response();
      }),
    );
  });
});
