/** What is Fastify's own: hijacked responses, encapsulation, inject, forms behind a parser, error handlers. */
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { currentSession } from "../../../src/adapters/context.ts";
import { fastifySession, getSession } from "../../../src/adapters/fastify.ts";
import { type AllSessions, createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Data } from "../../support/adapters.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const OWN = { "sec-fetch-site": "same-origin" };

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
let app: FastifyInstance;

beforeEach(async () => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
  app = Fastify();
  await app.register(fastifySession(sessions, { onError: () => {} }));
});

afterEach(async () => {
  store.restore();
  await app.close();
  await sessions.close();
});

const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  [answer.headers["set-cookie"] ?? ""].flat().map(String)[0]?.split(";")[0] ?? "";

it("saves what a hijacked response answers, by its status", async () => {
  app.get("/:status", (request, reply) => {
    getSession(sessions, request).data.count = 1;
    reply.hijack();
    reply.raw.writeHead(Number((request.params as { status: string }).status)).end("raw");
  });
  const saved = await app.inject("/200");
  expect([saved.statusCode, saved.body, cookieOf(saved) !== ""]).toEqual([200, "raw", true]);
  expect(cookieOf(await app.inject("/500"))).toBe("");
  expect(store.calls.create).toBe(1);
});

it("holds for encapsulated children, for decorators and for Responses", async () => {
  await app.register(async (child) => {
    child.get("/child", async (request) => {
      const session = request.getDecorator<ReturnType<typeof getSession<Data>>>("session");
      expect(session).toBe(getSession(sessions, request));
      expect(await sessions.open(request)).toBe(session);
      session.data.count = 1;
      return new Response("child", { status: 201, headers: { "x-app": "1" } });
    });
  });
  const answer = await app.inject("/child");
  expect([answer.statusCode, answer.body, answer.headers["x-app"], cookieOf(answer) !== ""]).toEqual([
    201,
    "child",
    "1",
    true,
  ]);
});

it("gives refusals to the error handler, with status and code", async () => {
  app.setErrorHandler((error: { code?: string; statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ page: error.code }),
  );
  app.post("/", async () => "ran");
  app.get("/", async (request) => String(getSession(sessions, request).data.count));
  const foreign = await app.inject({ method: "POST", url: "/", headers: { "sec-fetch-site": "cross-site" } });
  expect([foreign.statusCode, foreign.json(), foreign.headers["cache-control"]]).toEqual([
    403,
    { page: "SOJOURN_CROSS_SITE" },
    "no-store",
  ]);
  const made = await sessions.handle(new Request("https://app.example/"), (session) => {
    session.data.count = 1;
    return new Response();
  });
  const cookie = made.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  store.fail("get");
  const down = await app.inject({ url: "/", headers: { cookie } });
  expect([down.statusCode, down.json(), down.headers["retry-after"]]).toEqual([
    503,
    { page: "SOJOURN_STORE_UNAVAILABLE" },
    "1",
  ]);
});

it("finds a token in the parsed body, and refuses without one before the handler runs", async () => {
  let ran = 0;
  app.get("/", async (request) => getSession(sessions, request).csrfToken());
  app.post("/", async () => String(++ran));
  const page = await app.inject("/");
  const post = (payload: object): Promise<number> =>
    app
      .inject({ method: "POST", url: "/", headers: { cookie: cookieOf(page) }, payload })
      .then(({ statusCode }) => statusCode);
  expect([await post({ csrf: page.body }), await post({ csrf: "wrong" }), await post({}), ran]).toEqual([
    200, 403, 403, 1,
  ]);
});

it("knows the session of the running request, behind the body parser too", async () => {
  const same = async (): Promise<string> => String(currentSession(sessions)?.isNew);
  app.get("/", same);
  app.post("/", same);
  expect((await app.inject("/")).body).toBe("true");
  expect((await app.inject({ method: "POST", url: "/", headers: OWN, payload: { a: 1 } })).body).toBe("true");
});

it("refuses to be registered twice under one name, and says what is missing when it is not", async () => {
  const again = async (): Promise<unknown> => app.register(fastifySession(sessions));
  await expect(again()).rejects.toMatchObject({
    code: "FST_ERR_DEC_ALREADY_PRESENT",
  });
  expect(() => getSession(sessions, { raw: {} as never })).toThrow(/app\.register\(fastifySession/);
});
