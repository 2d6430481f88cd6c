import { afterEach, describe, expect, it, vi } from "vitest";
import { withSession } from "../../../src/adapters/fetch.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { instrumentedStore } from "../../../src/testing/index.ts";
import { Client } from "../../support/client.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

interface Data {
  count?: number;
  bad?: unknown;
}

const store = instrumentedStore(memoryStore());
const sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
const request = (init?: RequestInit): Request => new Request("https://app.example/", init);

afterEach(() => {
  vi.restoreAllMocks();
  store.restore();
});

describe("withSession()", () => {
  it("passes on what the runtime gives beside the request, and reads the address from it", async () => {
    const handler = withSession(
      sessions,
      async (session, _request, _server: { ip: string }, name: string) => {
        await session.login(name);
        return new Response(session.device?.network);
      },
      { address: (_request, { ip }) => ip },
    );
    expect(await (await handler(request(), { ip: "198.51.100.7" }, "ann")).text()).toContain("198.51.100");
  });

  it("leaves nothing of one client on a response that serves the next one, too", async () => {
    const done = new Response(null, { status: 204 });
    const login = withSession(sessions, async (session) => {
      await session.login("ann");
      return done;
    });
    const answer = await login(request());
    expect([answer.status, answer.headers.getSetCookie().length]).toEqual([204, 1]);
    expect((await withSession(sessions, () => done)(request())).headers.getSetCookie()).toEqual([]);
  });

  it("within itself hands the session on, and puts its headers on once", async () => {
    const inner = withSession(
      sessions,
      (session) => {
        session.data.count = 2;
        return new Response(String(session.data.count));
      },
      { address: () => "198.51.100.7" },
    );
    const outer = withSession(sessions, async (session, asked) => {
      session.data.count = 1;
      const answer = await inner(asked);
      expect(session.data.count).toBe(2);
      return answer;
    });
    const answer = await outer(request());
    expect([await answer.text(), answer.headers.getSetCookie().length]).toEqual(["2", 1]);
    await expect(outer(request())).resolves.toBeInstanceOf(Response);
  });

  it("throws on what the handler threw, when the client need not be told of anything", async () => {
    const error = new Error("no");
    const handler = withSession(sessions, (session) => {
      session.data.count = 1;
      throw error;
    });
    await expect(handler(request())).rejects.toBe(error);
  });

  it.each([
    ["at once", () => undefined],
    ["later", async () => undefined],
  ])("takes a Response that is thrown %s for the answer", async (_when, before) => {
    const handler = withSession(sessions, (session) => {
      session.data.count = 1;
      const thrown = new Response(null, { status: 303, headers: { location: "/home" } });
      const leave = (): never => {
        throw thrown;
      };
      const waited = before();
      return waited ? waited.then(leave) : leave();
    });
    const answer = await handler(request());
    expect([answer.status, answer.headers.get("location"), answer.headers.getSetCookie().length]).toEqual([
      303,
      "/home",
      1,
    ]);
  });

  it("throws on what kept a session from being saved", async () => {
    const handler = withSession(sessions, (session) => {
      session.data.bad = () => {};
      return new Response("secret");
    });
    await expect(handler(request())).rejects.toMatchObject({ code: "SOJOURN_DATA_NOT_SERIALISABLE" });
  });

  it("answers and logs an error when the client has to be told of a login", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const error = new Error("no");
    const handler = withSession(sessions, async (session) => {
      await session.login("ann");
      throw error;
    });
    const answer = await handler(request());
    expect([answer.status, answer.headers.getSetCookie().length, answer.headers.get("cache-control")]).toEqual([
      500,
      1,
      "no-store",
    ]);
    expect(logged).toHaveBeenCalledExactlyOnceWith(error);
  });

  it("answers a Sojourn error with its status", async () => {
    const handler = withSession(sessions, (session) => {
      session.requireFresh("10m");
      return new Response();
    });
    const answer = await handler(request());
    expect([answer.status, await answer.text()]).toEqual([401, "Unauthorized\n"]);
  });

  it("lets onError answer, with what the client and caches must know", async () => {
    const seen: unknown[] = [];
    const handler = withSession(
      sessions,
      async (session, { url }) => {
        if (url.endsWith("/login")) await session.login("ann");
        session.data.count = 5;
        if (url.endsWith("/bad")) session.data.bad = () => {};
        else if (!url.endsWith("/")) throw new Error("no");
        return Response.json(session.data);
      },
      {
        onError: (error, { url }) => {
          seen.push([(error as Error).name, new URL(url).pathname]);
          return url.endsWith("/default") ? undefined : new Response("page", { status: 500 });
        },
      },
    );
    const client = new Client(handler);
    const login = await client.fetch("/login", { method: "POST" });
    expect([login.status, await login.text(), login.headers.getSetCookie().length]).toEqual([500, "page", 1]);
    const bad = await client.fetch("/bad");
    expect([bad.status, await bad.text(), bad.headers.get("cache-control")]).toEqual([500, "page", "no-store"]);
    await expect(client.fetch("/default")).rejects.toThrow("no");
    expect(seen).toEqual([
      ["Error", "/login"],
      ["SessionError", "/bad"],
      ["Error", "/default"],
    ]);
  });

  it("gives up the body of a response that is not sent", async () => {
    let cancelled = false;
    const handler = withSession(
      sessions,
      (session) => {
        session.data.bad = () => {};
        return new Response(
          new ReadableStream({
            cancel() {
              cancelled = true;
            },
          }),
        );
      },
      { onError: () => new Response("page", { status: 500 }) },
    );
    expect(await (await handler(request())).text()).toBe("page");
    expect(cancelled).toBe(true);
  });

  it("lets go of the signal when the body fails, and when nobody wants it any more", async () => {
    for (const end of ["error", "cancel"]) {
      let listening = (): boolean => false;
      const handler = withSession(sessions, async (session) => {
        await session.login("ann");
        expect(session.signal.aborted).toBe(false);
        listening = () => session.listening;
        return new Response(
          new ReadableStream<Uint8Array>(
            {
              pull: (controller) =>
                end === "error" ? controller.error(new Error("broken")) : controller.enqueue(new Uint8Array(1)),
            },
            { highWaterMark: 0 },
          ),
        );
      });
      const answer = await handler(request());
      expect(listening()).toBe(true);
      if (end === "error") await expect(answer.text()).rejects.toThrow("broken");
      else await answer.body?.cancel();
      expect(listening()).toBe(false);
    }
  });

  it("leaves the idle deadline alone when told so", async () => {
    const handler = withSession(sessions, (session) => new Response(String(session.isNew)), { touch: false });
    expect(await (await handler(request())).text()).toBe("true");
  });
});
