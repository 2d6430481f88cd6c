/** The driver that adapters are made of, in the places that no built-in adapter shows. */
import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerOf, cookiesOf, headersOf, openNode, refusal, runSession } from "../../../src/adapters/adapter.ts";
import { withSession } from "../../../src/adapters/fetch.ts";
import { type AllSessions, createSessions, type HeaderOp, SessionError } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import { Client } from "../../support/client.ts";
import { listen } from "../../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

interface Data {
  count?: number;
  cart?: string[];
  bad?: unknown;
}

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;

beforeEach(() => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
});

afterEach(async () => {
  vi.restoreAllMocks();
  store.restore();
  await sessions.close();
});

const request = (init?: RequestInit): Request => new Request("https://app.example/", init);
const digest = (text: string): Error => Object.assign(new Error("NEXT"), { digest: text });
const thrower =
  (thrown: unknown): (() => never) =>
  () => {
    throw thrown;
  };

describe("answers that are thrown", () => {
  it.each([
    [new Response(null, { status: 404 }), 404, null],
    [digest("NEXT_REDIRECT;replace;/me;307;"), 307, "/me"],
    [digest("NEXT_REDIRECT;push;/a;b?c=1;303;"), 303, "/a;b?c=1"],
    [digest("NEXT_HTTP_ERROR_FALLBACK;403"), 403, null],
    [{ status: 302, location: "/login" }, 302, "/login"],
    [{ isNotFound: true }, 404, null],
    [{ type: "DataWithResponseInit", data: 1, init: { status: 409 } }, 409, null],
  ])("are known: %#", (thrown, status, location) => {
    const answer = answerOf(thrown);
    expect([answer?.status, answer?.headers.get("location")]).toEqual([status, location]);
  });

  it.each([
    new Error("no"),
    Object.assign(new Error("no"), { status: 302, location: "/" }),
    digest("12345"),
    { status: 404, location: "/" },
    "text",
    null,
    undefined,
    new SessionError("SOJOURN_REVOKED", "no"),
  ])("are told from errors: %#", (thrown) => {
    expect(answerOf(thrown)).toBeUndefined();
  });

  it("save what was changed, and hand out the login", async () => {
    const client = new Client((asked) =>
      sessions.handle(asked, async (session) => {
        session.data.count = (session.data.count ?? 0) + 1;
        if (new URL(asked.url).pathname === "/login") await session.login("ann");
        throw digest("NEXT_REDIRECT;replace;/me;307;");
      }),
    );
    for (const path of ["/", "/login"]) {
      const answer = await client.fetch(path);
      expect([answer.status, answer.headers.get("location"), answer.headers.getSetCookie().length]).toEqual([
        307,
        "/me",
        1,
      ]);
    }
    const after = await sessions.open(request({ headers: { cookie: await client.cookies() } }));
    expect([after.data.count, after.userId]).toEqual([2, "ann"]);
  });

  it("can be named by the application", async () => {
    class Leave extends Error {}
    const handler = withSession(
      sessions,
      (session) => {
        session.data.count = 1;
        throw new Leave();
      },
      { isAnswer: (thrown) => (thrown instanceof Leave ? new Response("left") : undefined) },
    );
    const answer = await handler(request());
    expect([await answer.text(), answer.headers.getSetCookie().length]).toEqual(["left", 1]);
  });
});

describe("runSession()", () => {
  let told: (readonly HeaderOp[])[];
  const tell = (headers: readonly HeaderOp[]): void => void told.push(headers);
  beforeEach(() => {
    told = [];
  });

  it("gives the result, after the framework was told", async () => {
    const result = await runSession(
      sessions,
      request(),
      (session) => {
        session.data.count = 1;
        return "done";
      },
      { tell },
    );
    expect([result, told.length, cookiesOf(told[0] ?? []).length]).toEqual(["done", 1, 1]);
  });

  it("throws a thrown answer on, after what was changed was saved", async () => {
    const leave = digest("NEXT_REDIRECT;replace;/me;303;");
    const left = runSession(
      sessions,
      request(),
      (session) => {
        session.data.count = 1;
        throw leave;
      },
      { tell },
    );
    await expect(left).rejects.toBe(leave);
    expect([told.length, cookiesOf(told[0] ?? []).length, store.calls.create]).toEqual([1, 1, 1]);
  });

  it("throws an error on; nothing is saved, and a login is told", async () => {
    const error = new Error("no");
    const change = runSession(sessions, request(), thrower(error), { tell });
    await expect(change).rejects.toBe(error);
    const login = runSession(
      sessions,
      request(),
      async (session) => {
        session.data.count = 1;
        await session.login("ann");
        throw error;
      },
      { tell },
    );
    await expect(login).rejects.toBe(error);
    expect(told.map((headers) => cookiesOf(headers).length)).toEqual([0, 1]);
  });

  it("saves nothing of a result that says it failed", async () => {
    const run = (status: number) =>
      runSession(
        sessions,
        request(),
        (session) => {
          session.data.count = 1;
          return { status };
        },
        { tell, statusOf: (result) => result.status },
      );
    await run(500);
    expect(store.total).toBe(0);
    await run(404);
    expect(store.calls.create).toBe(1);
  });

  it("throws its refusals, for the framework's own error page", async () => {
    const foreign = request({ method: "POST", headers: { origin: "https://evil.example" } });
    const refused = runSession(sessions, foreign, () => "ran", { tell });
    await expect(refused).rejects.toMatchObject({ code: "SOJOURN_CROSS_SITE", status: 403, statusCode: 403 });
    const again = request({ method: "POST", headers: { origin: "https://evil.example" } });
    expect(await runSession(sessions, again, () => "ran", { tell, csrf: false })).toBe("ran");
    store.fail("create");
    const unsaved = runSession(sessions, request(), (session) => Object.assign(session.data, { count: 1 }), { tell });
    await expect(unsaved).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE", statusCode: 503 });
  });

  it("hands the session on when it is asked from inside of the same request", async () => {
    const asked = request();
    await runSession(
      sessions,
      asked,
      async (session) => {
        const inner = await runSession(sessions, asked, (again) => again, { tell });
        expect(inner).toBe(session);
        session.data.count = 1;
      },
      { tell },
    );
    expect(told).toHaveLength(1);
  });
});

describe("cookiesOf() and headersOf()", () => {
  it("take a cookie apart as it was written", async () => {
    const shared = createSessions<Data>({
      secrets: SECRET,
      store: memoryStore(),
      cookie: { name: "__Secure-s", domain: "example.com", path: "/a=b", sameSite: "none", partitioned: true },
    });
    const session = await shared.open(request());
    session.data.count = 1;
    const headers = await shared.commit(session);
    expect(cookiesOf(headers)).toEqual([
      {
        name: "__Secure-s",
        value: expect.stringMatching(/^[\w.-]+$/),
        attributes: {
          path: "/a=b",
          domain: "example.com",
          httpOnly: true,
          secure: true,
          sameSite: "none",
          maxAge: expect.any(Number),
          partitioned: true,
        },
      },
    ]);
    expect(headersOf(headers).map(({ name }) => name)).toEqual(["cache-control", "vary"]);
  });

  it("give one that is taken away an age of 0, and one that ends with the browser none", async () => {
    const asked = request();
    const session = await sessions.open(asked);
    await session.login("ann", { persistent: false });
    const [cookie] = cookiesOf(await sessions.commit(session));
    expect(cookie?.attributes).toEqual({ path: "/", httpOnly: true, secure: true, sameSite: "lax" });
    const again = await sessions.open(request({ headers: { cookie: `${cookie?.name}=${cookie?.value}` } }));
    await again.logout();
    expect(cookiesOf(await sessions.commit(again))[0]).toMatchObject({ value: "", attributes: { maxAge: 0 } });
  });
});

describe("a part of a request that failed", () => {
  it("is given up by commit(…, { failed }), though the status says nothing", async () => {
    const session = await sessions.open(request());
    session.data.count = 1;
    expect(cookiesOf(await sessions.commit(session, { status: 207, failed: true }))).toEqual([]);
    expect(store.total).toBe(0);
  });

  it("is given up by discard(); what follows is saved", async () => {
    const first = await sessions.open(request());
    first.data.cart = ["a"];
    const [cookie] = cookiesOf(await sessions.commit(first));
    const open = () => sessions.open(request({ headers: { cookie: `${cookie?.name}=${cookie?.value}` } }));
    const session = await open();
    const { data } = session;
    data.cart?.push("b");
    data.count = 1;
    session.flash("info", "no");
    session.discard();
    expect(data).toEqual({ cart: ["a"] });
    data.count = 2;
    await sessions.commit(session);
    const after = await open();
    expect([after.data, after.flashes()]).toEqual([{ cart: ["a"], count: 2 }, []]);
    expect(() => session.discard()).toThrow(expect.objectContaining({ code: "SOJOURN_COMMITTED" }));
  });

  it("stores no anonymous session that had nothing else", async () => {
    const session = await sessions.open(request());
    session.data.count = 1;
    session.discard();
    await sessions.commit(session);
    expect(store.total).toBe(0);
  });
});

describe("onError", () => {
  it("is asked for refusals too, and its answer is what the client gets", async () => {
    const heard: unknown[] = [];
    const handler = withSession(sessions, () => new Response("ran"), {
      onError(error) {
        heard.push(error);
        return Response.json({ error: (error as SessionError).code }, { status: (error as SessionError).status });
      },
    });
    const answer = await handler(request({ method: "POST", headers: { "sec-fetch-site": "cross-site" } }));
    expect([answer.status, await answer.json()]).toEqual([403, { error: "SOJOURN_CROSS_SITE" }]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(heard).toMatchObject([{ reason: "cross-site", message: expect.stringContaining("csrf.trustedOrigins") }]);
  });
});

describe("openNode()", () => {
  it("tells when nothing is held back any more, to those who read a response when its handler is over", async () => {
    const opened: string[] = [];
    const server = createServer(async (req, res) => {
      const opening = await openNode(sessions, req, res);
      await opening.whenReleased();
      opened.push("nothing held");
      opening.session.data.count = 1;
      const held = store.hold("create");
      res.end("done");
      const released = opening.whenReleased().then(() => opened.push(`released, sent: ${res.headersSent}`));
      await held.reached;
      opened.push("held");
      held.release();
      await released;
    });
    const answer = await fetch(`http://127.0.0.1:${await listen(server)}/`);
    expect(await answer.text()).toBe("done");
    await expect.poll(() => opened).toEqual(["nothing held", "held", "released, sent: true"]);
    server.closeAllConnections();
    server.close();
  });

  it("resolves so when the commit has failed, too", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const server = createServer(async (req, res) => {
      const opening = await openNode(sessions, req, res);
      opening.session.data.bad = () => {};
      res.end("secret");
      await opening.whenReleased();
      expect(res.writableEnded).toBe(true);
    });
    const answer = await fetch(`http://127.0.0.1:${await listen(server)}/`);
    expect(answer.status).toBe(500);
    server.closeAllConnections();
    server.close();
  });

  it("throws its refusals, and what caches must know goes out with any page that is made of them", async () => {
    const server = createServer(async (req, res) => {
      await openNode(sessions, req, res).catch((error: SessionError) => {
        res.statusCode = error.statusCode;
        res.end(`page: ${error.code}`);
      });
    });
    const url = `http://127.0.0.1:${await listen(server)}/`;
    const foreign = await fetch(url, { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
    expect([foreign.status, await foreign.text()]).toEqual([403, "page: SOJOURN_CROSS_SITE"]);
    expect(foreign.headers.get("cache-control")).toBe("no-store");
    server.closeAllConnections();
    server.close();
  });

  it("checks where a request comes from behind the body parser, when it is told to leave it", async () => {
    const client = new Client((asked) =>
      sessions.handle(asked, async (session) => new Response(await session.csrfToken())),
    );
    const token = await (await client.fetch()).text();
    const outcomes: unknown[] = [];
    for (const csrf of [token, "wrong"]) {
      const req = { method: "POST", url: "/", headers: { cookie: await client.cookies() } } as IncomingMessage;
      const opening = await openNode(sessions, req, new ServerResponse(req), { csrf: false });
      outcomes.push(
        await opening
          .protect(() => ({ csrf }))
          .then(
            () => "let through",
            (error) => error.reason,
          ),
      );
    }
    expect(outcomes).toEqual(["let through", "wrong-token"]);
  });
});

it("works where an edge runtime throws for what it has not", () => {
  const spy = vi.spyOn(process, "getBuiltinModule").mockImplementation(() => {
    throw new Error("A Node.js API is used which is not supported in the Edge Runtime.");
  });
  expect(createSessions({ secrets: SECRET }).policy.mode).toBe("stateless");
  expect(spy).toHaveBeenCalled();
});

describe("a refusal", () => {
  it("says in its body what its status is", () => {
    const tooLarge = refusal(new SessionError("SOJOURN_RECORD_TOO_LARGE", "Too large."));
    expect([tooLarge.status, tooLarge.body]).toEqual([413, "Content too large\n"]);
    const conflict = refusal(new SessionError("SOJOURN_CONFLICT", "Changed too often."));
    expect([conflict.status, conflict.body]).toEqual([409, "Conflict\n"]);
    expect(refusal(new Error("no")).body).toBe("Internal server error\n");
  });
});
