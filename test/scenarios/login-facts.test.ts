/**
 * What a login brings with it: limits of its own, factors with their instants, an event; and what a request is told of a session
 * that is over.
 */
import { describe, expect, it } from "vitest";
import type { SessionEvent } from "../../src/index.ts";
import { type AnyData, MODES, openSite, requestWith, type TestMode } from "../support/visitor.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const LIMITS = { idle: "8h", lifetime: "7d", touchEvery: 0 } as const;

function site(mode: TestMode, options: AnyData = {}) {
  const logins: SessionEvent[] = [];
  const opened = openSite({ ...LIMITS, ...options, hooks: { login: (event) => logins.push(event) } }, mode);
  return { ...opened, logins };
}

for (const mode of MODES) {
  describe(`a login's own limits, mode ${mode}`, () => {
    it("end the session by idleness sooner than the manager's, and the cookie goes on saying so", async () => {
      const { visitor, clock } = site(mode);
      const [short, long] = [visitor(), visitor()];
      await short.visit((session) => session.login("ann", { idle: "30m" }));
      await long.visit((session) => session.login("ann"));
      clock.advance(29 * MINUTE);
      expect((await short.visit((session) => session.userId)).value).toBe("ann");
      clock.advance(29 * MINUTE);
      await short.visit((session) => session.rotate());
      clock.advance(30 * MINUTE - 1);
      expect((await (await short.copy()).open()).userId).toBe("ann");
      clock.advance(1);
      expect((await short.open()).userId).toBeUndefined();
      expect((await long.open()).userId).toBe("ann");
    });

    it("end it absolutely, however much it is used; the cookie's Max-Age is theirs", async () => {
      for (const own of [{ lifetime: "2h" }, { until: 2 * HOUR }] as const) {
        const { visitor, clock } = site(mode);
        const browser = visitor();
        const options = "until" in own ? { until: new Date(clock() + own.until) } : own;
        const { setCookies } = await browser.visit((session) => session.login("ann", { ...options, persistent: true }));
        expect(Number(/Max-Age=(\d+)/.exec(setCookies[0] ?? "")?.[1])).toBe((2 * HOUR) / 1_000);
        clock.advance(2 * HOUR - 1);
        const session = await browser.open();
        expect([session.userId, session.expiresAt.getTime()]).toEqual(["ann", clock() + 1]);
        clock.advance(1);
        expect((await browser.open()).userId).toBeUndefined();
      }
    });

    it("are no longer than the manager's, and hold only for that login", async () => {
      const { visitor, clock } = site(mode);
      const browser = visitor();
      for (const options of [{ idle: "9h" }, { lifetime: "8d" }, { idle: 10 }, { lifetime: "soon" }, { idel: "1h" }])
        await expect(browser.open().then((session) => session.login("ann", options as never))).rejects.toMatchObject({
          code: "SOJOURN_INVALID_OPTION",
          message: expect.stringContaining(`login.${Object.keys(options)[0]}`),
        });
      await browser.visit((session) => session.login("ann", { idle: "5m", lifetime: "1h" }));
      await browser.visit((session) => session.login("ann"));
      clock.advance(7 * HOUR);
      expect((await browser.open()).userId).toBe("ann");
    });
  });

  describe(`factors, mode ${mode}`, () => {
    it("keep the instant at which each was shown, and the level that they reach together", async () => {
      const { visitor, clock } = site(mode);
      const browser = visitor();
      const facts = async () => {
        const session = await browser.open();
        return [session.factors, session.factorsAt, session.level, session.authenticatedAt];
      };
      const first = new Date(clock());
      await browser.visit((session) => session.login("ann", { factors: ["pwd"] }));
      expect(await facts()).toEqual([["pwd"], { pwd: first }, "aal1", first]);
      clock.advance(20 * MINUTE);
      const second = new Date(clock());
      await browser.visit((session) => session.reauthenticate({ factors: ["otp"] }));
      expect(await facts()).toEqual([["pwd", "otp"], { pwd: first, otp: second }, "aal2", second]);
      await browser.visit((session) => session.rotate());
      expect(await facts()).toEqual([["pwd", "otp"], { pwd: first, otp: second }, "aal2", second]);
      clock.advance(MINUTE);
      await browser.visit((session) => session.reauthenticate({ factors: ["hwk"] }));
      expect((await facts())[2]).toBe("aal3");
      await browser.visit((session) => session.login("ann", { factors: ["otp"] }));
      expect((await facts()).slice(0, 3)).toEqual([["otp"], { otp: new Date(clock()) }, "aal1"]);
      await browser.visit((session) => session.logout());
      expect(await facts()).toEqual([[], {}, undefined, undefined]);
    });

    it("are fresh one by one: a code of now does not make an old password fresh", async () => {
      const { visitor, clock } = site(mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann", { factors: ["pwd"] }));
      clock.advance(20 * MINUTE);
      await browser.visit((session) => session.reauthenticate({ factors: ["otp"] }));
      const session = await browser.open();
      expect(() => session.requireFresh("10m", { factors: ["otp"] })).not.toThrow();
      expect(() => session.requireFresh("10m")).not.toThrow();
      const stale = expect.objectContaining({
        code: "SOJOURN_STALE_AUTHENTICATION",
        message: expect.stringContaining("with pwd longer ago"),
      });
      expect(() => session.requireFresh("10m", { factors: ["pwd", "otp"] })).toThrow(stale);
      expect(() => session.requireFresh("30m", { factors: ["pwd", "otp"] })).not.toThrow();
    });
  });

  it(`the event of a login has the user, the device and the factors, mode ${mode}`, async () => {
    const { visitor, logins } = site(mode);
    const headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0" };
    const browser = visitor();
    await browser.visit((session) => session.login("ann", { factors: ["pwd"] }), { headers });
    const { id } = await browser.open();
    const device = expect.objectContaining({ browser: "Firefox", system: "Linux" });
    expect(logins).toEqual([{ type: "login", id, userId: "ann", device, factors: ["pwd"] }]);
    await browser.visit((session) => session.rotate());
    await browser.visit((session) => session.reauthenticate({ factors: ["otp"] }));
    expect(logins).toHaveLength(1);
  });

  it(`a session says why it is anonymous, mode ${mode}`, async () => {
    const { visitor, clock, sessions, instrument } = site(mode, { idle: "1h", lifetime: "8h" });
    const because = async (cookie?: string) => (await sessions.open(requestWith(cookie))).anonymousBecause;
    const login = async () => {
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      return { browser, cookie: await browser.cookies() };
    };
    expect(await because()).toBe("none");
    const live = await login();
    expect(await because(live.cookie)).toBeUndefined();
    expect(await because(live.cookie.replace(/=.{20}/, `=${"A".repeat(20)}`))).toBe("rejected");
    clock.advance(HOUR);
    expect(await because(live.cookie)).toBe(mode === "stateless" ? "expired" : "unknown");
    // Without a store nobody remembers what was replaced or ended.
    if (mode === "stateless") return;
    const replaced = await login();
    await replaced.browser.visit((session) => session.rotate());
    expect(await because(replaced.cookie)).toBe("replaced");
    const down = await login();
    instrument.fail("get");
    expect(await because(down.cookie).catch((error: { code: string }) => error.code)).toBe("SOJOURN_STORE_UNAVAILABLE");
  });
}

it("a signal says which end it was", async () => {
  const ends = {
    logout: (session: AnyData) => session.logout(),
    destroyed: (session: AnyData) => session.destroy(),
    replaced: (session: AnyData) => session.login("bob"),
  };
  for (const [reason, end] of Object.entries(ends)) {
    const { visitor, events } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { signal } = await browser.open();
    await browser.visit(end);
    expect(signal.reason).toMatchObject({ name: "AbortError", endReason: reason });
    if (reason !== "replaced") expect(events).toContainEqual(expect.objectContaining({ type: "destroyed", reason }));
  }
  const { visitor, sessions } = openSite();
  const browser = visitor();
  await browser.visit((session) => session.login("ann"));
  const { signal } = await browser.open();
  await sessions.revokeUser("ann");
  expect(signal.reason).toMatchObject({ name: "AbortError", endReason: "revoked" });
});
