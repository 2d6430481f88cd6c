/** What a client may rely on, whichever adapter serves it: the same expectations for all of them. */
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AllSessions, createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Adapter, Application, Data, Running } from "../adapters.ts";
import { Client } from "../client.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

/** What a client may rely on, whichever adapter serves it. */
export function requests(adapter: Adapter): void {
  describe(adapter.name, () => {
    let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
    let sessions: AllSessions<Data>;
    let server: Running;
    let client: Client;
    let errors: unknown[];

    beforeEach(() => {
      store = instrumentedStore(memoryStore());
      sessions = createSessions<Data>({ secrets: SECRET, store: store.store, storeTimeout: "20s" });
      errors = [];
      // Where there is no `onError`, errors are logged.
      vi.spyOn(console, "error").mockImplementation((error) => errors.push(error));
    });

    afterEach(async () => {
      vi.restoreAllMocks();
      store.restore();
      server?.close();
      await sessions.close();
    });

    async function serve(application: Application): Promise<void> {
      server = await adapter.start(sessions, application, (error) => errors.push(error));
      client = new Client(server.send);
    }

    const counter: Application = (session) => {
      session.data.count = (session.data.count ?? 0) + 1;
      return { body: String(session.data.count) };
    };

    /** Counts at /count, reads at /, logs in and out, and fails after what the path names. */
    const everything: Application = async (session, path) => {
      const [, verb, then] = path.split("/");
      if (verb === "count") session.data.count = (session.data.count ?? 0) + 1;
      if (verb === "login") await session.login("ann");
      if (verb === "logout") await session.logout();
      if (verb === "unserialisable") session.data.bad = () => {};
      if (verb === "login-bad") {
        await session.login("ann");
        session.data.bad = () => {};
      }
      if (then === "throw") throw new Error("the application failed");
      const status = Number(then ?? 200);
      return {
        status,
        headers: { "x-app": "1" },
        body: JSON.stringify({ count: session.data.count ?? 0, user: session.userId ?? null }),
      };
    };

    const state = async (): Promise<unknown> => (await client.fetch("/")).json();

    it("counts", async () => {
      await serve(counter);
      const answers = [await client.fetch(), await client.fetch(), await client.fetch()];
      expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(["1", "2", "3"]);
      expect(answers.map((answer) => answer.headers.getSetCookie().length)).toEqual([1, 0, 0]);
    });

    it("sends no cookie, asks no store and leaves caching alone where nothing is stored or looked at", async () => {
      await serve(() => ({ body: "hello" }));
      const answer = await client.fetch();
      expect([await answer.text(), answer.headers.getSetCookie(), store.total]).toEqual(["hello", [], 0]);
      expect([answer.headers.get("cache-control"), answer.headers.get("vary")]).toEqual([null, null]);
    });

    it("makes as many calls of the store as there must be, and one Set-Cookie a name", async () => {
      await serve(everything);
      const calls = async (path: string, init?: RequestInit): Promise<number> => {
        store.resetCalls();
        const lines = (await client.fetch(path, init)).headers.getSetCookie();
        expect(new Set(lines.map((line) => line.split("=")[0])).size).toBe(lines.length);
        return store.total;
      };
      expect(await calls("/")).toBe(0);
      expect(await calls("/count")).toBe(1);
      expect(await calls("/")).toBe(1);
      expect(await calls("/count")).toBe(2);
      const [name] = (await client.cookies()).split("=");
      expect(await calls("/", { headers: { cookie: `${name}=${"A".repeat(52)}` } })).toBe(0);
      expect(await calls("/", { headers: { cookie: `${name}=../../etc; ${name}=%00` } })).toBe(0);
    });

    it("saves before the redirect reaches the client", async () => {
      await serve((session, path) => {
        if (path === "/ping") return { body: "pong" };
        session.data.count = 1;
        return { status: 303, headers: { location: "/" } };
      });
      const held = store.hold("create");
      let arrived = false;
      const sent = client.send("/login").then((answer) => {
        arrived = true;
        return answer;
      });
      await held.reached;
      expect(await (await new Client(server.send).fetch("/ping")).text()).toBe("pong");
      for (let turns = 0; turns < 10; turns++) await turn();
      expect(arrived).toBe(false);
      held.release();
      const answer = await sent;
      expect([answer.status, answer.headers.get("location"), answer.headers.getSetCookie().length]).toEqual([
        303,
        "/",
        1,
      ]);
    });

    it("saves before the first byte of a stream, and refuses changes after it", async () => {
      let late: unknown;
      await serve((session) => {
        session.data.count = 1;
        const { data } = session;
        return {
          body: async function* () {
            await turn();
            yield "a";
            await expect.poll(() => store.calls.create).toBe(1);
            await expect.poll(() => Object.isFrozen(data)).toBe(true);
            try {
              data.count = 2;
            } catch (error) {
              late = error;
            }
            yield String(await session.login("ann").catch((error: { code: string }) => error.code));
          },
        };
      });
      const answer = await client.fetch();
      expect(await answer.text()).toBe("aSOJOURN_COMMITTED");
      expect(late).toBeInstanceOf(TypeError);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
    });

    it("waits for a slow store", async () => {
      await serve(counter);
      await client.fetch();
      const [get, update] = [store.hold("get"), store.hold("update")];
      const sent = client.fetch();
      await get.reached;
      get.release();
      await update.reached;
      update.release();
      expect(await (await sent).text()).toBe("2");
    });

    it("keeps every key of 20 parallel requests", async () => {
      await serve((session, path) => {
        session.data[path] = true;
        return { body: JSON.stringify(Object.keys(session.data)) };
      });
      await client.fetch("/first");
      await Promise.all(Array.from({ length: 20 }, (_, index) => client.send(`/${index}`)));
      expect(await (await client.fetch("/last")).json()).toHaveLength(22);
    });

    it("logs in and out", async () => {
      await serve(everything);
      await client.fetch("/count");
      const before = await client.cookies();
      await client.fetch("/login", { method: "POST" });
      expect(await state()).toEqual({ count: 1, user: "ann" });
      expect(await client.cookies()).not.toBe(before);
      await client.fetch("/logout", { method: "POST" });
      expect(await client.cookies()).toBe("");
      expect(await state()).toEqual({ count: 0, user: null });
    });

    describe("a request that fails", () => {
      it("saves nothing of what was changed when the handler threw, before a change or after it", async () => {
        await serve(everything);
        await client.fetch("/count");
        for (const path of ["/nothing/throw", "/count/throw"]) expect((await client.fetch(path)).status).toBe(500);
        expect(await state()).toEqual({ count: 1, user: null });
      });

      it("saves nothing of what was changed with a status of 500 or more, and everything below", async () => {
        await serve(everything);
        expect((await client.fetch("/count/404")).headers.getSetCookie()).toHaveLength(1);
        expect((await client.fetch("/count/500")).status).toBe(500);
        expect((await client.fetch("/count/503")).status).toBe(503);
        expect(await state()).toEqual({ count: 1, user: null });
      });

      it("creates no session", async () => {
        await serve(everything);
        expect((await client.fetch("/count/500")).headers.getSetCookie()).toEqual([]);
        expect(store.total).toBe(0);
      });

      for (const path of ["/login/throw", "/login/500"]) {
        it(`tells the client of the login that took effect: ${path}`, async () => {
          await serve(everything);
          await client.fetch("/count");
          expect((await client.fetch(path, { method: "POST" })).status).toBe(500);
          expect(await state()).toEqual({ count: 1, user: "ann" });
        });
      }

      it("tells the client of the logout that took effect", async () => {
        await serve(everything);
        await client.fetch("/login");
        expect((await client.fetch("/logout/throw", { method: "POST" })).status).toBe(500);
        expect(await client.cookies()).toBe("");
      });
    });

    describe("a commit that fails", () => {
      it("answers 500 with nothing of the application's response, and reports the error", async () => {
        await serve(everything);
        await client.fetch("/count");
        const answer = await client.fetch("/unserialisable");
        expect([answer.status, answer.headers.getSetCookie(), answer.headers.get("x-app")]).toEqual([500, [], null]);
        expect(await answer.text()).not.toContain("count");
        if (adapter.name !== "sessions.handle")
          expect(errors).toMatchObject([{ code: "SOJOURN_DATA_NOT_SERIALISABLE" }]);
        expect(await state()).toEqual({ count: 1, user: null });
      });

      it("tells the client of the login that took effect before", async () => {
        await serve(everything);
        const answer = await client.fetch("/login-bad", { method: "POST" });
        expect([answer.status, answer.headers.getSetCookie().length, answer.headers.get("x-app")]).toEqual([
          500,
          1,
          null,
        ]);
        expect(await state()).toEqual({ count: 0, user: "ann" });
      });

      it("stops a stream before its first byte", async () => {
        await serve((session) => {
          session.data.bad = () => {};
          return {
            headers: { "set-cookie": "app=1" },
            body: async function* () {
              yield "secret";
              await turn();
              yield "secret";
            },
          };
        });
        const answer = await client.fetch();
        expect([answer.status, answer.headers.getSetCookie()]).toEqual([500, []]);
        expect(await answer.text()).not.toContain("secret");
      });
    });

    describe("a store that is down", () => {
      async function expectUnavailable(answer: Response): Promise<void> {
        expect(answer.status).toBe(503);
        expect(answer.headers.getSetCookie()).toEqual([]);
        expect([answer.headers.get("retry-after"), answer.headers.get("cache-control")]).toEqual(["1", "no-store"]);
        expect(answer.headers.get("x-app")).toBe(null);
      }

      it("answers 503 without a cookie when the session cannot be loaded, and goes on when it is back", async () => {
        await serve(everything);
        await client.fetch("/count");
        store.fail("get");
        await expectUnavailable(await client.fetch("/"));
        store.restore();
        expect(await state()).toEqual({ count: 1, user: null });
      });

      it("answers 503 without a cookie when it cannot be created", async () => {
        await serve(everything);
        store.fail("create");
        await expectUnavailable(await client.fetch("/count"));
      });

      it("answers 503 without a cookie when it cannot be saved, and loses nothing that was", async () => {
        await serve(everything);
        await client.fetch("/count");
        store.fail("update");
        await expectUnavailable(await client.fetch("/count"));
        store.restore();
        expect(await state()).toEqual({ count: 1, user: null });
      });

      it("answers 503 without a cookie when a login fails, and when a logout does", async () => {
        await serve(everything);
        store.fail("admit");
        const login = await client.fetch("/login", { method: "POST" });
        expect([login.status, login.headers.getSetCookie()]).toEqual([503, []]);
        store.restore();
        await client.fetch("/login", { method: "POST" });
        store.fail(["update", "delete"]);
        const logout = await client.fetch("/logout", { method: "POST" });
        expect([logout.status, logout.headers.getSetCookie()]).toEqual([503, []]);
        store.restore();
        expect(await state()).toEqual({ count: 0, user: "ann" });
      });

      it("serves who has no session", async () => {
        await serve(everything);
        store.fail(["get", "create", "update", "touch", "delete"]);
        expect(await state()).toEqual({ count: 0, user: null });
      });
    });

    describe("headers of the application", () => {
      it("keeps its cookies beside the session's", async () => {
        await serve((session, path) => {
          session.data.count = 1;
          return { headers: { "set-cookie": path === "/one" ? "app=1" : ["app=1", "b=2; Path=/"] }, body: "x" };
        });
        const lines = async (path: string): Promise<string[]> =>
          (await new Client(server.send).fetch(path)).headers.getSetCookie();
        expect(await lines("/one")).toEqual(["app=1", expect.stringMatching(/^__Host-.*session=/)]);
        expect(await lines("/two")).toEqual(["app=1", "b=2; Path=/", expect.stringMatching(/^__Host-.*session=/)]);
      });

      it("lets its Cache-Control stand where the session was read, not where its cookie is sent", async () => {
        await serve((session, path) => {
          if (path === "/count") session.data.count = 1;
          const headers = path === "/plain" ? {} : { "cache-control": "public, max-age=60", vary: "Accept" };
          return { headers, body: String(session.data.count) };
        });
        const caching = async (path: string): Promise<(string | null)[]> => {
          const { headers } = await client.fetch(path);
          return [headers.get("cache-control"), headers.get("vary")];
        };
        expect(await caching("/count")).toEqual(["no-store", "Accept, Cookie"]);
        expect(await caching("/")).toEqual(["public, max-age=60", "Accept, Cookie"]);
        expect(await caching("/plain")).toEqual(["no-store", "Cookie"]);
      });

      it("sends the cookie with HEAD, 204, 304 and a redirect", async () => {
        await serve((session, path) => {
          session.data.count = 1;
          return path === "/head" ? { body: "hello" } : { status: Number(path.slice(1)), headers: { location: "/" } };
        });
        const head = await new Client(server.send).fetch("/head", { method: "HEAD" });
        expect([head.status, head.headers.getSetCookie().length]).toEqual([200, 1]);
        for (const status of [204, 302, 304]) {
          const answer = await new Client(server.send).fetch(`/${status}`);
          expect([answer.status, answer.headers.getSetCookie().length, await answer.text()]).toEqual([status, 1, ""]);
        }
      });
    });

    describe("the session's signal", () => {
      it("fires when the session ends, and is let go of with the response", async () => {
        let seen: { listening: boolean } | undefined;
        await serve((session, path) => {
          if (path === "/login") return session.login("ann").then(() => ({ body: "" }));
          const { signal } = session;
          seen = session;
          return {
            body: async function* () {
              yield "open ";
              if (path === "/short") return;
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
              yield "closed";
            },
          };
        });
        await client.fetch("/login");
        expect(await (await client.fetch("/short")).text()).toBe("open ");
        await expect.poll(() => seen?.listening).toBe(false);
        const streaming = client.fetch("/long").then((answer) => answer.text());
        await expect.poll(() => seen?.listening).toBe(true);
        await sessions.revokeUser("ann");
        expect(await streaming).toBe("open closed");
      });
    });

    it("gives one session, however often it is asked for", async () => {
      await serve(counter);
      expect(await (await client.fetch()).text()).toBe("1");
      expect(store.calls.create).toBe(1);
    });
  });
}
