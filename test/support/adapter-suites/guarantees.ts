/** What races and mounting must not break, whichever adapter serves it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AllSessions, createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Adapter, Application, Data, Running, Start } from "../adapters.ts";
import { Client, gate } from "../client.ts";
import { SECRET } from "../visitor.ts";

/** Other ways to serve the application of an adapter. */
export interface Ways {
  /** The application below /sub, with the adapter around it and around the whole. */
  readonly mounted?: Start | undefined;
  /** Over HTTP/2, where the framework has it. */
  readonly http2?: Start | undefined;
}

/** What races and mounting must not break. */
export function guarantees(adapter: Adapter, { mounted, http2 }: Ways = {}): void {
  describe(`${adapter.name}, guarantees`, () => {
    let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
    let sessions: AllSessions<Data>;
    let server: Running | undefined;
    let client: Client;
    let slow = gate();

    beforeEach(() => {
      slow = gate();
      store = instrumentedStore(memoryStore());
      sessions = createSessions<Data>({ secrets: SECRET, store: store.store, storeTimeout: "20s" });
    });
    afterEach(async () => {
      store.restore();
      server?.close();
      server = undefined;
      await sessions.close();
    });

    const application: Application = async (session, path) => {
      const verb = path.split("/").at(-1);
      if (verb === "count") return { body: String(await session.update("count", (n = 0) => n + 1)) };
      if (verb === "put") session.data.put = Number(session.data.put ?? 0) + 1;
      if (verb === "slow") {
        await slow.pass();
        session.data.slow = true;
      }
      if (verb === "logout") await session.logout();
      if (verb === "login") {
        await session.login("ann");
        return { status: 303, headers: { location: "/" } };
      }
      return { body: JSON.stringify({ user: session.userId ?? null, ...session.data }) };
    };

    async function serve(start = adapter.start): Promise<void> {
      server = await start(sessions, application, () => {});
      client = new Client(server.send);
    }
    const page = async (from = client, path = "/"): Promise<unknown> => (await from.fetch(path)).json();

    it("counts 100 exact updates of one session to 100", async () => {
      await serve();
      await client.fetch("/put");
      const answers = await Promise.all(Array.from({ length: 100 }, () => client.send("/count")));
      const counts = await Promise.all(answers.map(async (answer) => Number(await answer.text())));
      expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(await page()).toEqual({ user: null, put: 1, count: 100 });
    });

    it("shows the login on the page that its redirect leads to, and makes the old cookie worthless", async () => {
      await serve();
      await client.fetch("/put");
      const thief = await client.clone();
      const held = store.hold("replace");
      const login = client.fetch("/login", { method: "POST", redirect: "manual" });
      await held.reached;
      held.release();
      const answer = await login;
      expect([answer.status, answer.headers.get("location"), await page()]).toEqual([
        303,
        "/",
        { user: "ann", put: 1 },
      ]);
      expect(await page(thief)).toEqual({ user: null });
    });

    it("stays logged out when a slow request ends after the logout", async () => {
      await serve();
      await client.fetch("/login", { method: "POST", redirect: "manual" });
      const thief = await client.clone();
      const late = client.send("/slow");
      await slow.arrived;
      await client.fetch("/logout", { method: "POST" });
      slow.open();
      await client.keep(await late);
      expect([await page(), await page(thief)]).toEqual([{ user: null }, { user: null }]);
    });

    if (mounted)
      it("is one session and one cookie when it is mounted twice, around a sub-application too", async () => {
        await serve(mounted);
        const first = await client.fetch("/sub/put");
        expect([first.headers.getSetCookie().length, await first.json()]).toEqual([1, { user: null, put: 1 }]);
        store.resetCalls();
        const second = await client.fetch("/sub/put", { method: "POST" });
        expect([second.headers.getSetCookie().length, await second.json()]).toEqual([0, { user: null, put: 2 }]);
        expect(store.calls.get).toBe(1);
        const foreign = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
        expect((await client.fetch("/sub/put", foreign)).status).toBe(403);
      });

    if (http2)
      it("counts, logs in and refuses over HTTP/2", async () => {
        await serve(http2);
        await client.fetch("/put");
        await Promise.all(Array.from({ length: 10 }, () => client.send("/count")));
        await client.fetch("/login", { method: "POST", redirect: "manual" });
        expect(await page()).toEqual({ user: "ann", put: 1, count: 10 });
        const foreign = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
        expect((await client.fetch("/logout", foreign)).status).toBe(403);
      });
  });
}
