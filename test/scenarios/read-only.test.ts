/** Sessions where no cookie can be sent: server components, sockets. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AllSessions, createSessions, type Session } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { fakeClock, type InstrumentedStore, instrumentedStore } from "../../src/testing/index.ts";
import type { Data } from "../support/adapters.ts";
import { Client } from "../support/client.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const READ_ONLY = expect.objectContaining({ code: "SOJOURN_READ_ONLY", message: expect.stringContaining("readOnly") });

describe.each(["store", "cookie"] as const)("data in the %s", (data) => {
  const clock = fakeClock();
  let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
  let sessions: AllSessions<Data>;
  let client: Client;

  beforeEach(async () => {
    store = instrumentedStore(memoryStore({ clock }));
    sessions = createSessions<Data>({ secrets: SECRET, store: store.store, data, clock });
    client = new Client((request) =>
      sessions.handle(request, async (session) => {
        if (new URL(request.url).pathname === "/read") return Response.json(session.flashes());
        session.data.count = 1;
        session.flash("info", "hello");
        await session.login("ann");
        return new Response();
      }),
    );
    await client.fetch("/");
  });

  afterEach(async () => {
    store.restore();
    await sessions.close();
  });

  const open = async (cookie?: string): Promise<Session<Data>> => {
    const headers = { cookie: cookie ?? (await client.cookies()) };
    return sessions.open(new Request("https://app.example/", { headers }), { readOnly: true });
  };

  it("can be read, and says what it is", async () => {
    const session = await open();
    expect([session.userId, session.data.count, session.readOnly]).toEqual(["ann", 1, true]);
    expect(await sessions.commit(session)).toEqual([]);
  });

  // With data in the cookie there is nothing to be read again.
  if (data === "store")
    it("shows what is stored now when it is read again, however often it was looked at", async () => {
      const session = await open();
      for (const count of [2, 3]) {
        expect(session.data.count).toBe(count - 1);
        await (await sessions.get(session.id))?.update("count", () => count);
        await session.reload();
        expect(session.data.count).toBe(count);
        expect(() => {
          session.data.count = 9;
        }).toThrow(READ_ONLY);
      }
    });

  it("refuses what needs a cookie, with the reason", async () => {
    const session = await open();
    for (const verb of ["rotate", "reauthenticate", "logout", "destroy"] as const)
      await expect(session[verb](), verb).rejects.toEqual(READ_ONLY);
    await expect(session.login("bob")).rejects.toEqual(READ_ONLY);
    expect(() => session.flash("a", "b")).toThrow(READ_ONLY);
    expect(() => {
      session.data = { count: 2 };
    }).toThrow(READ_ONLY);
    expect(() => {
      session.data.count = 2;
    }).toThrow();
    expect((await open()).userId).toBe("ann");
  });

  it("never stores a new session", async () => {
    store.resetCalls();
    const session = await open("");
    await expect(session.update("count", () => 1)).rejects.toEqual(READ_ONLY);
    await expect(session.csrfToken()).rejects.toEqual(READ_ONLY);
    expect(await sessions.commit(session)).toEqual([]);
    expect(store.total).toBe(0);
  });

  it("is a sign of life, and rotates nothing", async () => {
    clock.advance(2 * 3_600_000);
    store.resetCalls();
    await open();
    expect([store.calls.touch, store.calls.update]).toEqual([1, 0]);
  });

  it("gives each flash message once", async () => {
    const session = await open();
    expect(session.flashes()).toEqual([{ kind: "info", text: "hello" }]);
    expect(session.flashes()).toEqual([]);
    await sessions.commit(session);
    expect((await open()).flashes()).toEqual([]);
    expect(await (await client.fetch("/read")).json()).toEqual([]);
  });

  it("shows a flash message again when it could not be taken", async () => {
    store.fail("update");
    const session = await open();
    expect(session.flashes()).toHaveLength(1);
    await sessions.commit(session);
    store.restore();
    expect((await open()).flashes()).toHaveLength(1);
  });

  it(`${data === "store" ? "updates exactly" : "refuses an update, which would need a cookie"}`, async () => {
    const session = await open();
    const updated = session.update("count", (n = 0) => n + 1);
    if (data === "cookie") await expect(updated).rejects.toEqual(READ_ONLY);
    else expect([await updated, (await open()).data.count]).toEqual([2, 2]);
  });
});

describe("a page that is fetched in case somebody wants it", () => {
  it.each([
    { "sec-purpose": "prefetch" },
    { "sec-purpose": "prefetch;prerender" },
    { purpose: "prefetch" },
    { "x-moz": "prefetch" },
    { "next-router-prefetch": "1" },
  ])("is no sign of life and uses up no message: %j", async (headers: Record<string, string>) => {
    const clock = fakeClock();
    const store = instrumentedStore(memoryStore({ clock }));
    const sessions = createSessions<Data>({ secrets: SECRET, store: store.store, clock });
    const client = new Client((request) =>
      sessions.handle(request, (session) => {
        if (new URL(request.url).pathname === "/read") return Response.json(session.flashes());
        session.flash("info", "hello");
        return new Response();
      }),
    );
    await client.fetch("/");
    clock.advance(20 * 60_000);
    store.resetCalls();
    expect(await (await client.fetch("/read", { headers })).json()).toEqual([]);
    expect([store.calls.touch, store.calls.update]).toEqual([0, 0]);
    expect(await (await client.fetch("/read")).json()).toHaveLength(1);
    await sessions.close();
  });
});
