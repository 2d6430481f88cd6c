/** What is particular to Express: its many ways to answer, its error handlers, its mounted routers. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { expressCsrf, expressSession, getSession } from "../../../src/adapters/express.ts";
import { type AllSessions, createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { exchange, listen, overHttp, Wire } from "../../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
let app: Express;
let server: Server;
let port: number;
let client: Client;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sojourn-"));
  await writeFile(join(folder, "file.txt"), "from a file");
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store, storeTimeout: "20s" });
  app = express();
  server = createServer(app);
  port = await listen(server);
  client = new Client(overHttp(port));
});

afterEach(async () => {
  store.restore();
  server.closeAllConnections();
  server.close();
  await sessions.close();
  await rm(folder, { recursive: true, force: true });
});

const page: ErrorRequestHandler = (error: { status?: number; message: string }, _req, res, next) => {
  if (res.headersSent) return next(error);
  res.status(error.status ?? 500).send(`page: ${error.message}`);
};

/** Express's own handler writes errors on standard error, but not in tests. */
const quietly = (): Express => app.set("env", "test");

const ways: Record<string, RequestHandler> = {
  "res.redirect": (_req, res) => res.redirect(303, "/next"),
  "res.json": (_req, res) => void res.json({ from: "json" }),
  "res.send": (_req, res) => void res.send("from send"),
  "res.sendStatus": (_req, res) => void res.sendStatus(202),
  "res.sendFile": (_req, res) => res.sendFile("file.txt", { root: folder }),
  "res.download": (_req, res) => res.download("file.txt", "other.txt", { root: folder }),
  "a pipe": (_req, res) => void Readable.from(["from ", "a pipe"]).pipe(res),
  "res.write, as for server-sent events": (_req, res) => {
    res.set("content-type", "text/event-stream").flushHeaders();
    res.write("data: 1\n\n");
    setImmediate(() => res.end("data: 2\n\n"));
  },
  "an async handler that throws": async () => {
    await Promise.resolve();
    throw Object.assign(new Error("from throw"), { status: 418 });
  },
  "next(error)": (_req, _res, next) => next(Object.assign(new Error("from next"), { status: 418 })),
  "nobody, with 404": (_req, _res, next) => next(),
};

describe("what sends a response", () => {
  for (const [name, handler] of Object.entries(ways)) {
    it(`is held back until the session is saved: ${name}`, async () => {
      app.use(expressSession(sessions));
      app.use((req, _res, next) => {
        getSession(sessions, req).data.count = 1;
        next();
      }, handler);
      app.use(page);
      const held = store.hold("create");
      const wire = new Wire(port);
      wire.send("/", { headers: { connection: "close" } });
      await held.reached;
      await new Promise(setImmediate);
      expect(wire.received).toBe("");
      held.release();
      expect(await wire.until("closed")).toMatch(/set-cookie: __Host-.*session=/i);
    });
  }

  it("is a file in full, byte ranges and HEAD included", async () => {
    app.use(expressSession(sessions), (req, res) => {
      getSession(sessions, req).data.count = 1;
      res.sendFile("file.txt", { root: folder });
    });
    expect(await exchange(port, "/")).toMatch(/content-length: 11[\s\S]*\r\n\r\nfrom a file$/i);
    expect(await exchange(port, "/", { headers: { range: "bytes=5-" } })).toMatch(/206 Partial[\s\S]*\r\n\r\na file$/);
    expect(await exchange(port, "/", { method: "HEAD" })).toMatch(/set-cookie[\s\S]*\r\n\r\n$/i);
  });

  it("is 304 for what the client has, with the cookie", async () => {
    app.use(expressSession(sessions), (req, res) => {
      getSession(sessions, req).data.count = 1;
      res.send("same");
    });
    const first = await client.send("/");
    const again = await exchange(port, "/", { headers: { "if-none-match": first.headers.get("etag") as string } });
    expect(again).toMatch(/^HTTP\/1\.1 304[\s\S]*set-cookie/i);
  });
});

describe("errors", () => {
  /** Of an application that does not look whether it has answered: without sessions, Express refuses what it sends. */
  const carelessPage: ErrorRequestHandler = (error: { code?: string }, _req, res, _next) =>
    void res.status(500).json({ error: "the page of errors", code: error.code });
  const answersTwice: Record<string, [RequestHandler, RegExp]> = {
    "res.send twice": [(_req, res) => void res.send("first").send("the second"), /200 OK[\s\S]*\r\n\r\nfirst$/],
    "res.redirect twice": [
      (_req, res) => {
        res.redirect("/first");
        res.redirect("/second");
      },
      /302 Found[\s\S]*location: \/first\r\n/i,
    ],
    "a throw after res.json": [
      async (_req, res) => {
        res.json("first");
        throw new Error("after the answer");
      },
      /200 OK[\s\S]*\r\n\r\n"first"$/,
    ],
  };
  for (const [name, [handler, expected]] of Object.entries(answersTwice)) {
    it(`leave the answer alone that is held already: ${name}`, async () => {
      const uncaught: unknown[] = [];
      const listener = (error: unknown): void => void uncaught.push(error);
      process.on("uncaughtException", listener);
      try {
        app.use(expressSession(sessions));
        app.use((req, _res, next) => {
          getSession(sessions, req).data.count = 1;
          next();
        }, handler);
        app.use(carelessPage);
        app.use(((_error, _req, _res, _next) => {}) satisfies ErrorRequestHandler);
        expect(await exchange(port, "/")).toMatch(expected);
        await new Promise(setImmediate);
        expect(uncaught).toEqual([]);
      } finally {
        process.off("uncaughtException", listener);
      }
    });
  }

  it("hands a commit that failed to the application's error page, which answers for an empty response", async () => {
    const seen: unknown[] = [];
    app.use(expressSession(sessions, { onError: (error) => seen.push(error) }));
    app.use((req, res) => {
      getSession(sessions, req).data.bad = () => {};
      res.set("x-app", "1").cookie("app", "1").json({ secret: true });
    });
    app.use(page);
    const answer = await client.fetch();
    expect([answer.status, answer.headers.get("x-app"), answer.headers.getSetCookie()]).toEqual([500, null, []]);
    expect(await answer.text()).toMatch(/^page: Session data at "bad"/);
    expect(seen).toMatchObject([{ code: "SOJOURN_DATA_NOT_SERIALISABLE" }]);
  });

  it("refuses changes by the error page, which nobody would save", async () => {
    let change: unknown;
    app.use(expressSession(sessions, { onError: () => {} }));
    app.use((req, res) => {
      getSession(sessions, req).data.bad = () => {};
      res.send("x");
    });
    app.use(((_error, req, res, _next) => {
      try {
        getSession(sessions, req).data.count = 9;
      } catch (error) {
        change = error;
      }
      res.status(500).send("page");
    }) as ErrorRequestHandler);
    expect(await (await client.fetch()).text()).toBe("page");
    expect(change).toMatchObject({ code: "SOJOURN_COMMITTED" });
  });

  it("lets the error page set a cookie of the application", async () => {
    app.use(expressSession(sessions));
    app.use((req, res) => {
      getSession(sessions, req).data.count = 1;
      res.send("x");
    });
    app.use(
      ((error: { status: number }, _req, res, _next) =>
        void res.status(error.status).cookie("app", "1").send("page")) as ErrorRequestHandler,
    );
    store.fail("create");
    const answer = await client.fetch();
    expect([answer.status, answer.headers.get("retry-after"), answer.headers.getSetCookie()]).toEqual([
      503,
      "1",
      ["app=1; Path=/"],
    ]);
  });

  it("answers by itself when a stream was on its way", async () => {
    app.use(expressSession(sessions, { onError: () => {} }));
    app.use((req, res) => {
      getSession(sessions, req).data.bad = () => {};
      res.write("secret");
      setTimeout(() => res.end("secret"), 5);
    });
    app.use(page);
    const answer = await client.fetch();
    expect([answer.status, await answer.text()]).toEqual([500, "Internal server error\n"]);
  });

  it("keeps what clients and caches must know through Express's own error handler", async () => {
    quietly().use(expressSession(sessions));
    app.use((req, res) => void res.send(String(getSession(sessions, req).data.count)));
    store.fail("get");
    const known = createSessions<Data>({ secrets: SECRET, store: memoryStore() });
    const made = await known.handle(new Request("https://app.example"), (session) => {
      session.data.count = 1;
      return new Response();
    });
    const cookie = made.headers.getSetCookie()[0]?.split(";")[0] as string;
    const answer = await client.fetch("/", { headers: { cookie } });
    expect([
      answer.status,
      answer.headers.get("retry-after"),
      answer.headers.get("cache-control"),
      answer.headers.getSetCookie(),
    ]).toEqual([503, "1", "no-store", []]);
  });

  it("tells of a login through Express's own error handler, which takes all headers back", async () => {
    quietly().use(expressSession(sessions));
    app.use(async (req, res, next) => {
      const session = getSession(sessions, req);
      if (req.path !== "/login") return void res.send(session.userId ?? "nobody");
      await session.login("ann");
      next(new Error("after the login"));
    });
    expect((await client.fetch("/login", { method: "POST" })).status).toBe(500);
    expect(await (await client.fetch("/")).text()).toBe("ann");
  });

  it("gives a cross-site request to the error page, with 403", async () => {
    app.use(expressSession(sessions), page);
    const answer = await client.fetch("/", { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringMatching(/^page: .*Sec-Fetch-Site.*csrf\.trustedOrigins/),
    ]);
  });
});

describe("the middleware", () => {
  it("may be mounted more than once", async () => {
    app.use(expressSession(sessions), expressSession(sessions));
    app.use("/sub", expressSession(sessions), (req, res) => {
      getSession(sessions, req).data.count = 1;
      res.send("x");
    });
    const answer = await client.fetch("/sub");
    expect([answer.headers.getSetCookie().length, store.total]).toEqual([1, 1]);
    store.resetCalls();
    await client.fetch("/sub");
    expect(store.total).toBe(1);
  });

  it.each([
    ["around an application that is mounted in it", true],
    ["in an application that is mounted and hands on", false],
  ])("saves %s", async (_where, outside) => {
    const inner = express();
    app.use(outside ? expressSession(sessions) : (_req, _res, next) => next());
    if (!outside) inner.use(expressSession(sessions));
    const count: RequestHandler = (req, res) => {
      const { data } = getSession(sessions, req);
      data.count = (data.count ?? 0) + 1;
      res.send(`Count: ${data.count}`);
    };
    if (outside) inner.get("/count", count);
    app.use("/sub", inner);
    app.get("/sub/count", count);
    for (const expected of ["Count: 1", "Count: 2"]) {
      expect(await (await client.fetch("/sub/count")).text()).toBe(expected);
    }
    expect((await client.fetch("/elsewhere")).status).toBe(404);
  });

  it("waits beneath middleware that wraps the response, whether before it or after", async () => {
    const wrap: RequestHandler = (_req, res, next) => {
      const end = res.end.bind(res) as (chunk: unknown) => unknown;
      res.end = ((chunk: unknown) => {
        res.setHeader("x-length", String(chunk).length);
        return end(chunk);
      }) as typeof res.end;
      next();
    };
    app.use(wrap, expressSession(sessions), wrap);
    app.get("/", (req, res) => {
      getSession(sessions, req).data.count = 1;
      res.end("hello");
    });
    const save = store.hold("create");
    const answer = client.fetch("/");
    await save.reached;
    save.release();
    const { status, headers } = await answer;
    expect([status, headers.get("x-length")]).toEqual([200, "5"]);
    expect(headers.get("set-cookie")).toContain("__Host-Http-session=");
  });

  it("sees the whole path in a mounted router", async () => {
    const hooks = createSessions<Data>({ secrets: SECRET, store: memoryStore(), csrf: { exempt: ["/hooks/pay"] } });
    const router = express.Router().use(expressSession(hooks), (_req, res) => void res.send("ok"));
    app.use("/hooks", router);
    app.use(page);
    const status = async (path: string): Promise<number> =>
      (await client.fetch(path, { method: "POST", headers: { "sec-fetch-site": "cross-site" } })).status;
    expect([await status("/hooks/pay"), await status("/hooks/pay/"), await status("/hooks//pay")]).toEqual([
      200, 403, 403,
    ]);
  });

  it("records the address that Express trusts", async () => {
    app.set("trust proxy", 1).use(expressSession(sessions));
    app.use(async (req, res) => {
      await getSession(sessions, req).login("ann");
      res.send(getSession(sessions, req).device?.network);
    });
    expect(
      await (await client.fetch("/", { headers: { "x-forwarded-for": "203.0.113.9, 198.51.100.7" } })).text(),
    ).toContain("198.51.100");
  });

  it("leaves the idle deadline alone when told so", async () => {
    app.use(
      expressSession(sessions, { touch: false }),
      (req, res) => void res.send(String(getSession(sessions, req).isNew)),
    );
    expect(await (await client.fetch()).text()).toBe("true");
  });

  it("keeps two kinds of sessions apart", async () => {
    const admin = createSessions<{ level?: number }>({
      secrets: SECRET,
      store: memoryStore(),
      cookie: { name: "__Host-admin" },
      audience: "admin",
    });
    app.use(expressSession(sessions), expressSession(admin));
    app.use((req, res) => {
      const [one, two] = [getSession(sessions, req).data, getSession(admin, req).data];
      one.count = (one.count ?? 0) + 1;
      two.level = (two.level ?? 10) + 1;
      res.json([one.count, two.level]);
    });
    const first = await client.fetch();
    expect(first.headers.getSetCookie()).toHaveLength(2);
    expect(await (await client.fetch()).json()).toEqual([2, 12]);
  });

  it("has typed sessions", async () => {
    app.use(expressSession(sessions), (req, res) => {
      const session = getSession(sessions, req);
      expectTypeOf(session).toEqualTypeOf<Session<Data>>();
      expect((req as unknown as { session: unknown }).session).toBe(session);
      res.send("x");
    });
    expect((await client.fetch()).status).toBe(200);
  });

  it("says what is missing when it did not run", async () => {
    app.get("/", (req, res) => void res.send(getSession(sessions, req).data));
    app.get("/csrf", expressCsrf(sessions));
    app.use(
      ((error: { code?: string }, _req, res, _next) => void res.status(500).send(error.code)) as ErrorRequestHandler,
    );
    expect(await (await client.fetch("/")).text()).toBe("SOJOURN_UNSUPPORTED");
    expect(await (await client.fetch("/csrf")).text()).toBe("SOJOURN_UNSUPPORTED");
  });

  it("serves whatever takes connect's middleware", async () => {
    const middleware = expressSession(sessions);
    const plain = createServer((req, res) => {
      void middleware(req, res, (error) => {
        if (error) return void res.writeHead(500).end();
        getSession(sessions, req).data.count = 1;
        res.end("plain");
      });
    });
    expect(await exchange(await listen(plain), "/")).toMatch(/set-cookie[\s\S]*plain$/i);
    plain.close();
  });

  it("checks in an inner router what an outer one has left", async () => {
    app.use(expressSession(sessions, { csrf: false }));
    app.use("/inner", expressSession(sessions));
    app.use((_req, res) => void res.send("ran"));
    app.use(page);
    const post = async (path: string): Promise<number> =>
      (await client.fetch(path, { method: "POST", headers: { "sec-fetch-site": "cross-site" } })).status;
    expect([await post("/"), await post("/inner")]).toEqual([200, 403]);
  });

  it("hears from expressCsrf that there is no session, and goes on", async () => {
    app.use(expressCsrf(sessions), page);
    const answer = await client.fetch();
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining("app.use(expressSession")]);
    // Express 4 does not look at what a middleware returns: a rejection would end the process.
    let given: unknown;
    await expressCsrf(sessions)({} as never, {} as never, (error) => {
      given = error;
    });
    expect(given).toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
  });
});
