/** Sojourn for GraphQL Yoga: the real server, by itself over Fetch and Node, and behind Express. */
import { createServer } from "node:http";
import express from "express";
import { GraphQLError } from "graphql";
import { createSchema, createYoga, type YogaInitialContext } from "graphql-yoga";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { expressSession } from "../../src/adapters/express.ts";
import { type SessionContext, yogaSession } from "../../src/adapters/yoga.ts";
import { type AllSessions, createSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../src/testing/index.ts";
import type { Data } from "../support/adapters.ts";
import { Client } from "../support/client.ts";
import { listen, overHttp } from "../support/sockets.ts";
import { SECRET } from "../support/visitor.ts";

type Context = YogaInitialContext & SessionContext<Data>;

const typeDefs = `
  type Query { me: String, data: String!, fresh: Boolean, masked: Boolean }
  type Mutation {
    put(key: String!): Boolean, count: Int, login: String, logout: Boolean, required: Boolean!
    fail: Boolean, loginAndFail: Boolean, fresh: Boolean, unserialisable: Boolean, nested: Nested
  }
  type Nested { me: String, fail: Boolean }
  type Subscription { ticks: Int! }
`;

const fail = (_source: unknown, _args: unknown, { session }: Context): never => {
  session.data.failed = true;
  throw new GraphQLError("no");
};

const newSchema = () =>
  createSchema<Context>({
    typeDefs,
    resolvers: {
      Query: {
        me: (_source, _args, { session }) => {
          expectTypeOf(session.data).toEqualTypeOf<Data>();
          return session.userId;
        },
        data: (_source, _args, { session }) => JSON.stringify(session.data),
        fresh: (_source, _args, { session }) => session.requireFresh("1m"),
        masked: () => {
          throw new Error("secret");
        },
      },
      Mutation: {
        put(_source, { key }, { session }) {
          session.data[key] = true;
          return true;
        },
        count: (_source, _args, { session }) => session.update("count", (n = 0) => n + 1),
        login: async (_source, _args, { session }) => {
          await session.login("ann");
          return session.userId;
        },
        logout: async (_source, _args, { session }) => {
          await session.logout();
        },
        fail,
        required: fail,
        loginAndFail: async (_source, _args, { session }) => {
          await session.login("ann");
          session.data.failed = true;
          throw new GraphQLError("no");
        },
        fresh: async (_source, _args, { session }) => session.requireFresh("1m"),
        unserialisable(_source, _args, { session }) {
          session.data.bad = () => {};
        },
        nested(_source, _args, { session }) {
          session.data.nested = true;
          return {};
        },
      },
      Nested: {
        me: (_source, _args, { session }) => JSON.stringify(session.data),
        fail: () => {
          throw new GraphQLError("no");
        },
      },
      Subscription: {
        ticks: {
          async *subscribe(_source: unknown, _args: unknown, { session }: Context) {
            yield { ticks: 1 };
            yield { ticks: await session.update("count", (n = 0) => n + 1) };
          },
        },
      },
    },
  });

interface Served {
  readonly send: (request: Request) => Promise<Response>;
  close(): void;
}

type Sessions = AllSessions<Data>;

const yogaOf = (sessions: Sessions) =>
  createYoga({
    schema: newSchema(),
    plugins: [yogaSession(sessions, { onError: () => {} })],
    batching: true,
    logging: false,
    maskedErrors: { isDev: false },
  });

const ways: Record<string, (sessions: Sessions) => Promise<Served>> = {
  "over Fetch": async (sessions) => {
    const yoga = yogaOf(sessions);
    return { send: async (request) => yoga.fetch(request), close: () => {} };
  },
  "on node:http": async (sessions) => {
    const server = createServer(yogaOf(sessions));
    return { send: overHttp(await listen(server)), close: () => void server.close() };
  },
  "behind Express": async (sessions) => {
    const app = express();
    app.use(expressSession(sessions));
    app.use("/graphql", yogaOf(sessions));
    const server = createServer(app);
    return { send: overHttp(await listen(server)), close: () => void server.close() };
  },
};

describe.each(Object.entries(ways))("GraphQL Yoga %s", (_name, serve) => {
  let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
  let sessions: Sessions;
  let server: Served;
  let browser: Client;

  beforeEach(async () => {
    store = instrumentedStore(memoryStore());
    sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
    server = await serve(sessions);
    browser = new Client(server.send);
  });
  afterEach(async () => {
    server.close();
    await sessions.close();
  });

  const send = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    browser.fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const ask = async (query: string): Promise<unknown> => (await send({ query })).json();
  const stored = async (): Promise<unknown> =>
    JSON.parse(((await ask("{data}")) as { data: { data: string } }).data.data);

  it("has one session for a request, saved once, and one cookie", async () => {
    const answer = await send({ query: 'mutation{a:put(key:"a") count login b:put(key:"b")}' });
    expect(await answer.json()).toEqual({ data: { a: true, count: 1, login: "ann", b: true } });
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect([await ask("{me}"), await stored()]).toEqual([{ data: { me: "ann" } }, { a: true, count: 1, b: true }]);
    expect((await send({ query: "{me}" })).headers.getSetCookie()).toEqual([]);
  });

  it("keeps nothing of a field that fails, and everything of those whose data it answers", async () => {
    expect(await ask('mutation{a:put(key:"a") fail b:put(key:"b") loginAndFail}')).toMatchObject({
      data: { a: true, fail: null, b: true, loginAndFail: null },
    });
    expect([await stored(), await ask("{me}")]).toEqual([{ a: true, b: true }, { data: { me: "ann" } }]);
    expect(await ask("mutation{nested{me fail}}")).toMatchObject({
      data: { nested: { me: '{"a":true,"b":true,"nested":true}', fail: null } },
    });
  });

  it("keeps nothing of an operation that answers no data, whatever becomes of the others in its batch", async () => {
    const batch = [{ query: 'mutation{put(key:"lost") required}' }, { query: 'mutation{put(key:"kept")}' }];
    expect(await (await send(batch)).json()).toMatchObject([{ data: null }, { data: { put: true } }]);
    expect(await stored()).toEqual({ kept: true });
  });

  it("tells errors of ours by code and status, and masks all others", async () => {
    for (const query of ["{fresh}", "mutation{fresh}"]) {
      const answer = await send({ query });
      expect([answer.status, await answer.json()]).toMatchObject([
        401,
        { errors: [{ message: "SOJOURN_NOT_AUTHENTICATED", extensions: { code: "SOJOURN_NOT_AUTHENTICATED" } }] },
      ]);
    }
    expect(JSON.stringify([await ask("{masked}"), await ask("mutation{unserialisable}")])).not.toMatch(/secret|"bad/);
    expect(await stored()).toEqual({});
    await ask('mutation{put(key:"a")}');
    store.fail("update");
    expect((await send({ query: "mutation{count}" })).status).toBe(503);
    expect((await send({ query: 'mutation{put(key:"b")}' })).status).toBe(503);
    store.restore();
    expect(await stored()).toEqual({ a: true });
    store.fail("get");
    const down = await send({ query: "{me}" });
    expect([down.status, down.headers.get("retry-after"), down.headers.getSetCookie()]).toEqual([503, "1", []]);
  });

  it("refuses what comes from another site, and a mutation by GET", async () => {
    await ask('mutation{put(key:"a")}');
    expect((await send({ query: "mutation{login}" }, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await browser.fetch("/graphql?query=mutation%7Blogin%7D")).status).toBe(405);
    expect(await ask("{me}")).toEqual({ data: { me: null } });
  });

  it("streams a subscription, which can update", async () => {
    await ask('mutation{put(key:"a")}');
    const answer = await send({ query: "subscription{ticks}" }, { accept: "text/event-stream" });
    expect((await answer.text()).match(/"ticks":\d/g)).toEqual(['"ticks":1', '"ticks":1']);
    expect(await stored()).toEqual({ a: true, count: 1 });
  });

  it("logs out", async () => {
    await ask("mutation{login}");
    expect(await ask("mutation{logout}")).toEqual({ data: { logout: null } });
    expect([await browser.cookies(), await ask("{me}")]).toEqual(["", { data: { me: null } }]);
  });
});
