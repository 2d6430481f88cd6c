/**
 * `session.signal`: sockets and streams close when the session ends, anywhere, and nothing is kept for the others.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { releaseAfter } from "../../src/request/handle.ts";
import { createEndings } from "../../src/session/signal.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { fakeClock } from "../../src/testing/index.ts";
import { anotherServer, MODES, openSite, type Site, settle } from "../support/visitor.ts";

/** The store without its push, so that only looking finds out. */
function silent({ instrument }: Pick<Site, "instrument">) {
  return new Proxy(instrument.store, {
    get: (target, name) => (name === "watch" ? undefined : Reflect.get(target, name, target)),
    has: (target, name) => name !== "watch" && Reflect.has(target, name),
  });
}

async function loggedIn(options: Parameters<typeof openSite>[0] = {}, mode: (typeof MODES)[number] = "server") {
  const site = openSite(options, mode);
  const browser = site.visitor();
  await browser.visit((session) => session.login("ann"));
  return { ...site, browser };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** So many looks have been taken, and what they found has been told. */
async function looks(times = 1, everyMs = 30_000): Promise<void> {
  for (let taken = 0; taken < times; taken++) {
    vi.advanceTimersByTime(everyMs);
    await settle();
    await settle();
  }
}

describe("session.signal", () => {
  it("aborts when the session ends in this process, by whichever verb", async () => {
    const ends: Record<string, (site: Awaited<ReturnType<typeof loggedIn>>) => Promise<unknown>> = {
      logout: ({ browser }) => browser.visit((session) => session.logout()),
      destroy: ({ browser }) => browser.visit((session) => session.destroy()),
      login: ({ browser }) => browser.visit((session) => session.login("bob")),
      rotate: ({ browser }) => browser.visit((session) => session.rotate()),
      revoke: async ({ browser, sessions }) => sessions.revoke((await browser.open()).id),
      revokeUser: ({ sessions }) => sessions.revokeUser("ann"),
      revokeAll: ({ sessions }) => sessions.revokeAll(),
    };
    for (const [verb, end] of Object.entries(ends)) {
      const site = await loggedIn();
      const { signal } = await site.browser.open();
      expect(signal.aborted).toBe(false);
      await end(site);
      expect([verb, signal.aborted]).toEqual([verb, true]);
      expect(signal.reason).toMatchObject({ name: "AbortError" });
    }
  });

  it("aborts when another process ends the session: at once where the store tells, else at the next look", async () => {
    for (const push of [true, false]) {
      const site = await loggedIn();
      const options = push ? {} : { store: silent(site) };
      const here = anotherServer(site, options);
      const there = anotherServer(site, options);
      const { signal } = await (await site.browser.copy(here)).open();
      await there.revokeUser("ann");
      expect(signal.aborted).toBe(push);
      await looks();
      expect(signal.aborted).toBe(true);
    }
  });

  it("aborts at the next look when the session has expired", async () => {
    const { browser, clock } = await loggedIn({ idle: "1h", lifetime: "8h" });
    const { signal } = await browser.open();
    clock.advance(3_600_000 - 1);
    await looks();
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    await looks();
    expect(signal.aborted).toBe(true);
  });

  it("does not abort because the store is down for a while", async () => {
    const site = await loggedIn();
    const { browser, instrument } = site;
    const { signal } = await browser.open();
    instrument.fail("get");
    await looks(3);
    expect(signal.aborted).toBe(false);
    instrument.restore();
    await looks();
    expect(signal.aborted).toBe(false);
  });

  it("in stateless mode aborts for what this request does, and not for want of a store", async () => {
    const { browser } = await loggedIn({}, "stateless");
    const session = await browser.open();
    const { signal } = session;
    await looks(3);
    expect(signal.aborted).toBe(false);
    await session.logout();
    expect(signal.aborted).toBe(true);
  });

  it("of a session that was never stored does not abort: it has not ended", async () => {
    for (const mode of MODES) {
      const { visitor } = openSite({}, mode);
      const { signal } = await visitor().open();
      await looks(3);
      expect(signal.aborted).toBe(false);
    }
  });

  it("asked for before a login in the same request follows the session to its new id", async () => {
    const { browser, sessions } = await loggedIn();
    for (const verb of ["login", "rotate", "reauthenticate"] as const) {
      const session = await browser.open();
      const { signal } = session;
      await (verb === "login" ? session.login("ann") : session[verb]());
      expect(signal.aborted).toBe(false);
      expect(session.signal).toBe(signal);
      await sessions.revoke(session.id);
      expect(signal.aborted).toBe(true);
      await browser.visit((visited) => visited.login("ann"));
    }
  });

  it("is let go of when the response is over, whether it is read, cancelled, fails or has no body", async () => {
    const { browser, sessions } = await loggedIn();
    const bodies: (() => BodyInit | null)[] = [
      () => "text",
      () => null,
      () => new ReadableStream({ pull: (controller) => controller.close() }),
      () => new ReadableStream({ pull: (controller) => controller.error(new Error("the source failed")) }),
    ];
    const request = async () => new Request("https://app.example/", { headers: { cookie: await browser.cookies() } });
    for (const body of bodies) {
      const asked = await request();
      const response = await sessions.handle(asked, (session) => {
        expect(session.signal.aborted).toBe(false);
        return new Response(body());
      });
      await response.text().catch(() => {});
      expect((await sessions.open(asked)).listening).toBe(false);
    }
    const asked = await request();
    const endless = await sessions.handle(asked, (session) => {
      expect(session.signal.aborted).toBe(false);
      return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)) }));
    });
    expect((await sessions.open(asked)).listening).toBe(true);
    await endless.body?.cancel();
    expect((await sessions.open(asked)).listening).toBe(false);
  });

  it("is kept for a WebSocket, whose handshake is answered at once", async () => {
    const { browser } = await loggedIn();
    const session = await browser.open();
    expect(session.signal.aborted).toBe(false);
    const upgraded = Object.defineProperty(new Response(null), "status", { value: 101 });
    expect(releaseAfter(session, upgraded)).toBe(upgraded);
    expect(session.listening).toBe(true);
    session.release();
    expect(session.listening).toBe(false);
  });

  it("leaves on a response that is watched to its end what a framework put there", async () => {
    const { browser } = await loggedIn();
    const session = await browser.open();
    expect(session.signal.aborted).toBe(false);
    const answer = Object.assign(new Response("hello"), {
      [Symbol.for("a framework's")]: "mark",
      options: { to: "/" },
    });
    const watched = releaseAfter(session, answer);
    expect(watched).not.toBe(answer);
    expect(watched).toMatchObject({ [Symbol.for("a framework's")]: "mark", options: { to: "/" } });
    expect(await watched.text()).toBe("hello");
  });

  it("is let go of when the handler throws", async () => {
    const { browser, sessions } = await loggedIn();
    const asked = new Request("https://app.example/", { headers: { cookie: await browser.cookies() } });
    const failing = sessions.handle(asked, (session) => {
      expect(session.signal.aborted).toBe(false);
      throw new Error("the handler failed");
    });
    await failing.catch(() => {});
    expect((await sessions.open(asked)).listening).toBe(false);
  });
});

describe("createEndings()", () => {
  const never = new Promise<boolean>(() => {});

  it("keeps no timer and no watch when nobody listens", () => {
    const store = memoryStore({ clock: fakeClock() });
    let watching = 0;
    const watched = Object.assign(Object.create(store) as typeof store, {
      watch: () => {
        watching += 1;
        return () => {
          watching -= 1;
        };
      },
    });
    const endings = createEndings(watched, async () => true, 30_000);
    const [a, b] = [endings.listen(), endings.listen()];
    expect([watching, vi.getTimerCount()]).toEqual([0, 0]);
    a.follow("a");
    b.follow("b");
    expect([watching, vi.getTimerCount()]).toEqual([1, 1]);
    a.release();
    a.release();
    expect(vi.getTimerCount()).toBe(1);
    endings.fire("b");
    expect([watching, vi.getTimerCount(), b.signal.aborted]).toEqual([0, 0, true]);
    b.release();
    endings.fire("a");
    expect(a.signal.aborted).toBe(false);
    a.follow("a");
    endings.listen().release();
    expect([watching, vi.getTimerCount()]).toEqual([0, 0]);
    const moving = endings.listen();
    for (const key of ["a", "b", "b", "c"]) moving.follow(key);
    for (const key of ["a", "b"]) endings.fire(key);
    expect(moving.signal.aborted).toBe(false);
    endings.fire("c");
    expect([moving.signal.aborted, moving.active, watching, vi.getTimerCount()]).toEqual([true, false, 0, 0]);
  });

  it("takes one look at a time, however slow the store is", async () => {
    let asked = 0;
    const endings = createEndings(
      memoryStore(),
      () => {
        asked += 1;
        return never;
      },
      30_000,
    );
    const listener = endings.listen();
    listener.follow("a");
    await looks(5);
    expect(asked).toBe(2); // the one at the beginning, and the first of the regular ones
    listener.release();
  });

  it("looks at every session that is listened to, once a time", async () => {
    const asked: string[] = [];
    const endings = createEndings(
      memoryStore(),
      async (key) => {
        asked.push(key);
        return true;
      },
      30_000,
    );
    const listeners = Array.from({ length: 100 }, () => endings.listen());
    for (const [index, listener] of listeners.entries()) listener.follow(`${index % 50}`);
    for (const listener of [listeners[7], listeners[57], listeners[8]]) listener?.release();
    asked.length = 0;
    await looks(1);
    for (let turns = 0; turns < 100; turns++) await settle();
    expect(new Set(asked).size).toBe(49);
    expect(asked).toHaveLength(49);
    for (const listener of listeners) listener.release();
  });
});
