/** What a client may rely on over a real connection, whichever adapter of Node serves it. */
import { Agent } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AllSessions, createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Adapter, Application, Data, Running } from "../adapters.ts";
import { Client } from "../client.ts";
import { overHttp, Wire } from "../sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

/** What a client may rely on over a real connection. */
export function connections(adapter: Adapter): void {
  describe(`${adapter.name}, over real connections`, () => {
    let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
    let sessions: AllSessions<Data>;
    let server: Running;

    beforeEach(() => {
      store = instrumentedStore(memoryStore());
      sessions = createSessions<Data>({ secrets: SECRET, store: store.store, storeTimeout: "20s" });
    });

    afterEach(async () => {
      store.restore();
      server.close();
      await sessions.close();
    });

    const serve = async (application: Application): Promise<number> => {
      server = await adapter.start(sessions, application);
      return server.port as number;
    };

    it("lets no byte arrive before the session is saved", async () => {
      const port = await serve((session, path) => {
        if (path !== "/ping") session.data.count = 1;
        return { body: "hello" };
      });
      const held = store.hold("create");
      const wire = new Wire(port);
      wire.send("/");
      await held.reached;
      await overHttp(port)(new Request("http://x/ping"));
      expect(wire.received).toBe("");
      held.release();
      expect(await wire.until(/hello/)).toMatch(/set-cookie: __Host-.*session=/i);
      wire.close();
    });

    it("uses a connection again after an error", async () => {
      const port = await serve((session, path) => {
        if (path === "/throw") throw new Error("no");
        session.data.count = 1;
        return { body: "hello" };
      });
      const wire = new Wire(port);
      wire.send("/throw");
      await wire.until(/^HTTP\/1\.1 500[\s\S]*\r\n\r\n[\s\S]+/);
      store.fail("create");
      wire.send("/");
      await wire.until(/HTTP\/1\.1 503[\s\S]*\r\n\r\n[\s\S]+/);
      store.restore();
      wire.send("/");
      expect(await wire.until(/hello/)).toMatch(/HTTP\/1\.1 200/);
      wire.close();
    });

    it("saves what is answered after the client has gone", async () => {
      let gone = (): void => {};
      const left = new Promise<void>((resolve) => {
        gone = resolve;
      });
      const agent = new Agent({ keepAlive: true });
      const port = await serve(async (session, path) => {
        session.data.count = (session.data.count ?? 0) + 1;
        if (path === "/slow") await left;
        return { body: String(session.data.count) };
      });
      const client = new Client(overHttp(port, agent));
      await client.fetch();
      const leaving = new AbortController();
      store.resetCalls();
      const sent = client.send("/slow", { signal: leaving.signal }).catch(() => "aborted");
      await expect.poll(() => store.calls.get).toBe(1);
      leaving.abort();
      expect(await sent).toBe("aborted");
      for (let turns = 0; turns < 10; turns++) await turn();
      gone();
      await expect.poll(() => store.calls.update).toBe(1);
      expect(await (await client.fetch()).text()).toBe("3");
    });

    it("reads cookies from several header lines", async () => {
      const port = await serve((session) => {
        session.data.count = (session.data.count ?? 0) + 1;
        return { body: String(session.data.count) };
      });
      const client = new Client(overHttp(port));
      await client.fetch();
      const wire = new Wire(port);
      wire.socket.write(
        `GET / HTTP/1.1\r\nhost: app.example\r\ncookie: a=1\r\nCookie: ${await client.cookies()}\r\ncookie: b=2\r\nconnection: close\r\n\r\n`,
      );
      expect(await wire.until("closed")).toMatch(/\r\n\r\n(?:1\r\n)?2/);
    });
  });
}
