/**
 * When sessions end by themselves, to the millisecond, whatever the store still has.
 */
import { describe, expect, it } from "vitest";
import { createSessions } from "../../src/index.ts";
import type { MemoryStore } from "../../src/stores/memory.ts";
import { fakeClock } from "../../src/testing/index.ts";
import { anotherServer, MODES, openSite, requestWith, SECRET, type Visitor } from "../support/visitor.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

const userOf = async (visitor: Visitor): Promise<string | undefined> =>
  (await visitor.visit((session) => session.userId)).value;

async function loggedIn(options: Parameters<typeof openSite>[0], mode: (typeof MODES)[number]) {
  const site = openSite(options, mode);
  const browser = site.visitor();
  await browser.visit((session) => session.login("ann"));
  return { ...site, browser };
}

for (const mode of MODES) {
  describe(`in mode ${mode}`, () => {
    it("idle: lives to the last millisecond, and not a millisecond longer", async () => {
      const { browser, clock, events } = await loggedIn({ idle: "30m", lifetime: "8h" }, mode);
      const other = await browser.copy();
      const { id } = await browser.open();
      clock.advance(30 * MINUTE - 1);
      expect(await userOf(await browser.copy())).toBe("ann");
      if (mode === "stateless") clock.advance(1);
      else clock.advance(30 * MINUTE);
      expect(await userOf(other)).toBeUndefined();
      const why =
        mode === "stateless" ? { type: "expired", id, limit: "idle" } : { type: "rejected", reason: "unknown" };
      expect(events.at(-1)).toMatchObject(why);
    });

    it("lifetime: never moves, however much the session is used", async () => {
      const { browser, clock } = await loggedIn({ idle: "10m", lifetime: "1h" }, mode);
      for (let minute = 5; minute < 60; minute += 5) {
        clock.advance(5 * MINUTE);
        const { value } = await browser.visit(async (session) => {
          session.data.minute = minute;
          if (minute % 10 === 0) await session.rotate();
          return session.userId;
        });
        expect(value).toBe("ann");
      }
      clock.advance(5 * MINUTE - 1);
      expect(await userOf(browser)).toBe("ann");
      clock.advance(1);
      expect(await userOf(browser)).toBeUndefined();
    });

    it("lifetime: begins anew with reauthenticate, and with login", async () => {
      for (const verb of ["reauthenticate", "login"] as const) {
        const { browser, clock } = await loggedIn({ idle: "1h", lifetime: "1h" }, mode);
        clock.advance(59 * MINUTE);
        await browser.visit((session) => (verb === "login" ? session.login("ann") : session.reauthenticate()));
        clock.advance(59 * MINUTE);
        expect(await userOf(browser)).toBe("ann");
        clock.advance(MINUTE);
        expect(await userOf(browser)).toBeUndefined();
      }
    });

    it("the cookie's Max-Age is the rest of the lifetime, or absent for a session of the browser's", async () => {
      const { browser, clock } = await loggedIn({ idle: "1h", lifetime: "1d" }, mode);
      const first = await browser.visit((session) => session.rotate());
      expect(first.setCookies).toEqual([expect.stringContaining("; Max-Age=86400;")]);
      // Rounded up: the cookie does not go before the session.
      clock.advance(30 * MINUTE + 1);
      const later = await browser.visit((session) => session.rotate());
      expect(later.setCookies).toEqual([expect.stringContaining(`; Max-Age=${86_400 - 1_800};`)]);
      const brief = await browser.visit((session) => session.login("ann", { persistent: false }));
      expect(brief.setCookies).toEqual([expect.not.stringContaining("Max-Age")]);
      const still = await browser.visit((session) => session.reauthenticate());
      expect(still.setCookies).toEqual([expect.not.stringContaining("Max-Age")]);
    });

    it("touch: false is no sign of life", async () => {
      const { browser, clock, sessions } = await loggedIn({ idle: "30m", lifetime: "8h" }, mode);
      for (let times = 0; times < 3; times++) {
        clock.advance(10 * MINUTE - 1);
        const session = await sessions.open(requestWith(await browser.cookies()), { touch: false });
        expect(session.userId).toBe("ann");
        expect(session.lastSeenAt.getTime()).toBe(session.createdAt.getTime());
        expect((await sessions.commit(session)).filter(({ name }) => name === "set-cookie")).toEqual([]);
      }
      clock.advance(3);
      expect(await userOf(browser)).toBeUndefined();
    });

    it("a clock that steps back ends nothing and moves nothing back", async () => {
      const { browser, clock } = await loggedIn({ idle: "30m", lifetime: "8h" }, mode);
      clock.advance(29 * MINUTE);
      await browser.visit();
      clock.advance(-20 * MINUTE);
      expect((await browser.visit((session) => session.update("n", () => 1))).value).toBe(1);
      clock.advance(20 * MINUTE + 29 * MINUTE);
      expect(await userOf(browser)).toBe("ann");
    });
  });
}

describe("touch", () => {
  it("false is no sign of life when the request writes, either", async () => {
    const { browser, clock, sessions } = await loggedIn({ idle: "30m", lifetime: "8h" }, "server");
    const open = async () => sessions.open(requestWith(await browser.cookies()), { touch: false });
    clock.advance(15 * MINUTE);
    await (await open()).update("n", () => 1);
    const session = await open();
    session.data.other = true;
    await sessions.commit(session);
    expect((await open()).data).toEqual({ n: 1, other: true });
    clock.advance(15 * MINUTE - 1);
    expect((await open()).userId).toBe("ann");
    clock.advance(1);
    expect((await open()).userId).toBeUndefined();
  });

  it("is written down at most once in touchEvery, by default a twentieth of idle", async () => {
    for (const [options, every] of [
      [{ idle: "1h" }, 3 * MINUTE],
      [{ idle: "1h", touchEvery: "10m" }, 10 * MINUTE],
    ] as const) {
      const { browser, clock, instrument } = await loggedIn({ ...options, lifetime: "8h" }, "server");
      instrument.resetCalls();
      clock.advance(every - 1);
      await browser.visit();
      expect(instrument.calls.touch).toBe(0);
      clock.advance(1);
      await browser.visit();
      await browser.visit();
      expect(instrument.calls).toMatchObject({ touch: 1, get: 3, update: 0 });
    }
  });

  it("moves the idle deadline and not the version, and never over the lifetime", async () => {
    const { browser, clock, inner } = await loggedIn({ idle: "1h", lifetime: "90m" }, "server");
    const { id } = await browser.open();
    const before = await inner.get(id);
    clock.advance(45 * MINUTE);
    await browser.visit();
    const after = await inner.get(id);
    expect(after).toEqual({ ...before, seenAt: clock(), expiresAt: (before?.createdAt ?? 0) + 90 * MINUTE });
  });

  it("does not keep a replaced id in mind for longer than a minute", async () => {
    const { browser, clock, sessions, events } = await loggedIn({ idle: "1h", lifetime: "8h" }, "server");
    const old = await browser.copy();
    clock.advance(10 * MINUTE);
    const slow = await browser.open(); // a touch is due
    await browser.visit((session) => session.login("ann"));
    await sessions.commit(slow);
    clock.advance(MINUTE - 1);
    await old.visit();
    expect(events.at(-1)).toMatchObject({ type: "rejected", reason: "replaced" });
    clock.advance(1);
    const { setCookies } = await old.visit((session) => {
      session.data.fresh = true;
    });
    expect(events.map((event) => (event.type === "rejected" ? event.reason : ""))).toContain("unknown");
    expect(setCookies).toHaveLength(1);
  });
});

describe("a store that keeps rows for too long", () => {
  /** Gives every record back, expired or not, as a collector that lags behind does. */
  function hoarder(inner: MemoryStore): MemoryStore {
    const rows = new Map<string, Awaited<ReturnType<MemoryStore["get"]>>>();
    return new Proxy(inner, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        if (name !== "get") return value.bind(target);
        return async (key: string) => {
          const found = await target.get(key);
          if (found) rows.set(key, found);
          return found ?? rows.get(key) ?? null;
        };
      },
    });
  }

  it("does not keep a session alive: idle and lifetime are judged by us", async () => {
    for (const [limits, limit] of [
      [{ idle: "30m", lifetime: "8h" }, "idle"],
      [{ idle: "8h", lifetime: "8h" }, "lifetime"],
    ] as const) {
      const { browser, clock, inner, instrument, events } = await loggedIn(limits, "server");
      const server = anotherServer({ clock, events, instrument }, { ...limits, store: hoarder(inner) });
      const visitor = await browser.copy(server);
      expect(await userOf(visitor)).toBe("ann");
      const { id } = await visitor.open();
      clock.advance(limit === "idle" ? 30 * MINUTE : 480 * MINUTE);
      const { value, setCookies } = await visitor.visit((session) => [session.userId, session.isNew]);
      expect(value).toEqual([undefined, true]);
      expect(setCookies).toEqual([]);
      expect(events.at(-1)).toEqual({ type: "expired", id, limit });
      expect(await server.get(id)).toBeNull();
    }
  });
});

describe("requireFresh()", () => {
  it("asks for factors beside the time", async () => {
    const { browser } = await loggedIn({}, "server");
    const code = async () =>
      (
        await browser.visit((session) => {
          try {
            session.requireFresh("10m", { factors: ["pwd", "otp"] });
          } catch (error) {
            return [(error as { code: string }).code, /without otp/.test((error as Error).message)];
          }
          return "fresh";
        })
      ).value;
    await browser.visit((session) => session.reauthenticate({ factors: ["pwd"] }));
    expect(await code()).toEqual(["SOJOURN_STALE_AUTHENTICATION", true]);
    await browser.visit((session) => session.reauthenticate({ factors: ["otp", "pwd"] }));
    expect(await code()).toBe("fresh");
  });

  it("passes within the time and refuses after it, until the user authenticates again", async () => {
    const { browser, clock } = await loggedIn({ idle: "8h", lifetime: "8h" }, "server");
    const fresh = async () =>
      (
        await browser.visit((session) => {
          try {
            session.requireFresh("10m");
          } catch (error) {
            return (error as { code: string }).code;
          }
          return "fresh";
        })
      ).value;
    clock.advance(10 * MINUTE - 1);
    expect(await fresh()).toBe("fresh");
    clock.advance(1);
    expect(await fresh()).toBe("SOJOURN_STALE_AUTHENTICATION");
    await browser.visit((session) => session.rotate());
    expect(await fresh()).toBe("SOJOURN_STALE_AUTHENTICATION");
    await browser.visit((session) => session.reauthenticate());
    expect(await fresh()).toBe("fresh");
    await browser.visit((session) => session.logout());
    expect(await fresh()).toBe("SOJOURN_NOT_AUTHENTICATED");
  });
});

describe("presets", () => {
  const policyOf = (options: object) => createSessions({ secrets: SECRET, ...options }).policy;

  it("are those of SP 800-63B-4", () => {
    expect(policyOf({ preset: "aal1" })).toMatchObject({ idleMs: 7 * DAY, lifetimeMs: 30 * DAY });
    expect(policyOf({ preset: "aal2" })).toMatchObject({ idleMs: 60 * MINUTE, lifetimeMs: DAY });
    expect(policyOf({ preset: "aal3" })).toMatchObject({ idleMs: 15 * MINUTE, lifetimeMs: DAY / 2 });
    expect(policyOf({})).toMatchObject({ idleMs: DAY, lifetimeMs: 7 * DAY, justification: undefined });
  });

  it("can be shortened, and need a reason to be lengthened", () => {
    expect(policyOf({ preset: "aal2", lifetime: "30m" })).toMatchObject({
      idleMs: 30 * MINUTE,
      lifetimeMs: 30 * MINUTE,
    });
    expect(policyOf({ preset: "aal2", idle: "5m" })).toMatchObject({ idleMs: 5 * MINUTE, lifetimeMs: DAY });
    const longer = { preset: "aal2", lifetime: "2d" };
    for (const justification of [undefined, "", "  "]) {
      const refused = expect.objectContaining({
        code: "SOJOURN_INVALID_OPTION",
        message: expect.stringContaining("justification"),
      });
      expect(() => policyOf({ ...longer, justification })).toThrow(refused);
    }
    expect(policyOf({ ...longer, justification: "kiosk" })).toMatchObject({
      lifetimeMs: 2 * DAY,
      justification: "kiosk",
    });
  });

  it("and limits that cannot be are refused by name", () => {
    const wrong: Record<string, object> = {
      preset: { preset: "aal4" },
      lifetime: { lifetime: "401d" },
      idle: { idle: "2d", lifetime: "1d" },
      touchEvery: { idle: "1m", touchEvery: "1m" },
      rotateEvery: { rotateEvery: "59s" },
      rotationGrace: { rotationGrace: "301s" },
      storeTimeout: { storeTimeout: 0 },
      lookEvery: { lookEvery: 10 },
    };
    // Longer than what a replaced id is remembered for, and longer than timers can be.
    for (const value of ["31s", "30d"]) expectRefusal("storeTimeout", { storeTimeout: value });
    expectRefusal("lookEvery", { lookEvery: "25d" });
    // The predecessor of a predecessor is honoured by nobody.
    expectRefusal("rotationGrace", { rotateEvery: "1m", rotationGrace: "61s" });
    const bad = ["10", "10 m", "m", "-1s", Number.NaN, Number.POSITIVE_INFINITY, 0, {}];
    for (const [option, options] of Object.entries(wrong)) expectRefusal(option, options);
    for (const value of bad) expectRefusal("lifetime", { lifetime: value });
  });

  function expectRefusal(option: string, options: object): void {
    const store = openSite().inner;
    const message = expect.stringContaining(`Option "${option}"`);
    const refused = expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", message });
    expect(() => createSessions({ secrets: SECRET, store, clock: fakeClock(), ...options } as never)).toThrow(refused);
  }
});
