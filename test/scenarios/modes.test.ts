/**
 * What is where: data in the store, data in the cookie with a record that can be revoked, everything in the cookie.
 */
import { describe, expect, it } from "vitest";
import { createSessions } from "../../src/index.ts";
import { anotherServer, cookieOf, MODES, openSite, requestWith, SECRET, Visitor } from "../support/visitor.ts";

const userOf = async (visitor: Visitor): Promise<string | undefined> =>
  (await visitor.visit((session) => session.userId)).value;

describe("tracked: data in the cookie, a record in the store", () => {
  it("keeps the record small, whatever the data", async () => {
    const { visitor, inner, sessions } = openSite({}, "tracked");
    const browser = visitor();
    const secret = "a secret of the application".repeat(50);
    await browser.visit(async (session) => {
      session.data.secret = secret;
      await session.login("ann");
    });
    const [item] = (await inner.list("ann")).items;
    expect(item?.record.payload.length).toBeLessThan(90);
    expect(item?.record.payload).not.toContain("secret");
    expect((await browser.visit((session) => session.data.secret)).value).toBe(secret);
    expect((await sessions.list("ann")).items).toHaveLength(1);
  });

  it("can be revoked, one, by user, and all; a copied cookie is dead then", async () => {
    for (const end of ["revoke", "revokeUser", "revokeAll", "logout", "destroy"] as const) {
      const { visitor, sessions } = openSite({}, "tracked");
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const thief = await browser.copy();
      if (end === "revoke") expect(await sessions.revoke((await browser.open()).id)).toBe(true);
      if (end === "revokeUser") expect(await sessions.revokeUser("ann")).toBe(1);
      if (end === "revokeAll") expect(await sessions.revokeAll()).toBe(1);
      if (end === "logout") await browser.visit((session) => session.logout());
      if (end === "destroy") await browser.visit((session) => session.destroy());
      expect(await userOf(thief)).toBeUndefined();
    }
  });

  it("tells when a parallel answer makes a change get lost", async () => {
    const { visitor, sessions, events } = openSite({}, "tracked");
    const browser = visitor();
    await browser.visit((session) => {
      session.data.a = 0;
    });
    const [slow, fast] = [await browser.open(), await browser.open()];
    slow.data.a = 1;
    fast.data.b = 1;
    await sessions.commit(fast);
    await sessions.commit(slow);
    expect(events.filter(({ type }) => type === "conflict")).toEqual([
      { type: "conflict", id: slow.id, attempts: 2, outcome: "lost" },
    ]);
  });

  it("does not send an older generation over a newer one", async () => {
    const { visitor, sessions, clock, events } = openSite({ lifetime: "1d", idle: "1d" }, "tracked");
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const slow = await browser.open();
    slow.data.late = true;
    clock.advance(3_600_000);
    await browser.visit();
    const headers = await sessions.commit(slow);
    expect(cookieOf(headers)).toBe("");
    expect(events.at(-1)).toMatchObject({ type: "conflict", outcome: "lost" });
    expect(await userOf(browser)).toBe("ann");
  });
});

describe("stateless: everything in the cookie", () => {
  it("has no verb that could not keep its promise", () => {
    const sessions = createSessions({ secrets: SECRET });
    expect(Object.keys(sessions)).not.toEqual(expect.arrayContaining([expect.stringMatching(/revoke|list|get|close/)]));
    expect(sessions.policy).toMatchObject({ mode: "stateless", store: "stateless" });
  });

  it("asks no store, ever", async () => {
    const { visitor, instrument, clock } = openSite({}, "stateless");
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    await browser.visit((session) => session.update("n", () => 1));
    clock.advance(3_600_000);
    await browser.visit((session) => session.rotate());
    await browser.visit((session) => session.logout());
    expect(instrument.total).toBe(0);
  });

  it("ends by the times in the seal, not by the cookie's Max-Age", async () => {
    const { visitor, clock } = openSite({ idle: "1h", lifetime: "2h" }, "stateless");
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const hoarded = await browser.cookies();
    clock.advance(3_600_000);
    const late = visitor();
    late.client.jar.setCookieSync(`${hoarded}; Path=/; Secure`, "https://app.example");
    expect(await userOf(late)).toBeUndefined();
  });

  it("slides the idle deadline with a new cookie when a touch is due", async () => {
    const { visitor, clock } = openSite({ idle: "1h", lifetime: "1d" }, "stateless");
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    clock.advance(3 * 60_000 - 1);
    expect((await browser.visit()).setCookies).toEqual([]);
    clock.advance(1);
    expect((await browser.visit()).setCookies).toHaveLength(1);
    clock.advance(3_600_000 - 1);
    expect(await userOf(browser)).toBe("ann");
  });

  it("refuses a cookie from further in the future than clocks differ", async () => {
    for (const [ahead, user] of [
      [60_000, "ann"],
      [60_001, undefined],
    ] as const) {
      const { visitor, clock, events } = openSite({}, "stateless");
      const browser = visitor();
      clock.advance(ahead);
      await browser.visit((session) => session.login("ann"));
      clock.advance(-ahead);
      expect(await userOf(browser)).toBe(user);
      if (!user) expect(events.at(-1)).toMatchObject({ type: "rejected", reason: "future" });
    }
  });
});

describe("a change of mode", () => {
  it("makes the values of the other modes noise, and asks no store for them", async () => {
    const site = openSite();
    for (const from of MODES) {
      const browser = new Visitor(anotherServer(site, {}, from));
      await browser.visit((session) => session.login("ann"));
      for (const to of MODES.filter((mode) => mode !== from)) {
        const moved = await browser.copy(anotherServer(site, {}, to));
        site.instrument.resetCalls();
        expect(await userOf(moved)).toBeUndefined();
        expect(site.events.at(-1)).toEqual({ type: "rejected", id: undefined, reason: "foreign" });
        expect(site.instrument.total).toBe(0);
      }
    }
  });
});

describe("encryption at rest", () => {
  const CANARY = "canary-of-the-application";

  it("leaves nothing to read in the store", async () => {
    const { visitor, inner } = openSite({ encryptAtRest: true });
    const browser = visitor();
    await browser.visit(async (session) => {
      session.data.secret = CANARY;
      session.flash("info", CANARY);
      await session.login("ann", { factors: [CANARY] });
    });
    await browser.visit((session) => session.update("more", () => CANARY));
    const dump = JSON.stringify((await inner.scan()).items);
    expect(dump).not.toContain(CANARY);
    const token = (await browser.cookies()).split("=")[1] as string;
    expect(dump).not.toContain(token.slice(2, 26));
    expect((await browser.visit((session) => session.data)).value).toEqual({ secret: CANARY, more: CANARY });
  });

  it("refuses rows that were swapped, copied from another key, or written in clear", async () => {
    const { visitor, inner, events } = openSite({ encryptAtRest: true });
    const [ann, bob] = [visitor(), visitor()];
    await ann.visit((session) => session.login("ann"));
    await bob.visit((session) => session.login("bob"));
    const [annId, bobId] = [(await ann.open()).id, (await bob.open()).id];
    const [annRow, bobRow] = [await inner.get(annId), await inner.get(bobId)];
    if (!annRow || !bobRow) throw new Error("the rows must be there");
    const clear = `{"x":${annRow.expiresAt},"r":0}\n{"admin":true}`;
    let version = annRow.version;
    for (const payload of [bobRow.payload, clear, `~${clear}`, "", "~", annRow.payload.slice(0, -1)]) {
      const written = await inner.update(annId, { ...annRow, payload }, version);
      if (written.status !== "ok") throw new Error("the row must be written");
      version = written.version;
      expect(await userOf(await ann.copy())).toBeUndefined();
      expect(events.at(-1)).toEqual({ type: "rejected", id: annId, reason: "corrupt" });
    }
    expect(await userOf(bob)).toBe("bob");
  });
});

describe("encryption at rest, switched in a store that is in use", () => {
  async function logIn(encryptAtRest: boolean) {
    const site = openSite({ encryptAtRest });
    const session = await site.sessions.open(requestWith());
    session.data.kept = "from before";
    await session.login("ann");
    const cookie = cookieOf(await site.sessions.commit(session));
    const rows = async () => (await site.inner.scan()).items.map(({ record }) => record.payload.slice(0, 1));
    return { site, cookie, rows };
  }

  it("on: reads what is in clear and seals what it writes, until only sealed rows are believed", async () => {
    const { site, cookie, rows } = await logIn(false);
    expect(await rows()).toEqual(["{"]);
    const switching = anotherServer(site, { encryptAtRest: "from-now-on" });
    const session = await switching.open(requestWith(cookie));
    expect([session.userId, session.data]).toEqual(["ann", { kept: "from before" }]);
    session.data.added = true;
    await switching.commit(session);
    expect(await rows()).toEqual(["~"]);
    const only = await anotherServer(site, { encryptAtRest: true }).open(requestWith(cookie));
    expect([only.userId, only.data]).toEqual(["ann", { kept: "from before", added: true }]);
  });

  it("off in a roll-out: no two neighbouring steps log anybody out, and leaving out the one between does", async () => {
    const steps = [true, "from-now-on", false] as const;
    for (const [before, after] of [
      [steps[0], steps[1]],
      [steps[1], steps[2]],
      [steps[0], steps[2]],
    ] as const) {
      const { site } = await logIn(true);
      const [older, newer] = [before, after].map((encryptAtRest) => anotherServer(site, { encryptAtRest }));
      if (!older || !newer) throw new Error("two servers");
      const session = await newer.open(requestWith());
      await session.login("ann");
      const cookie = cookieOf(await newer.commit(session));
      const seen = (await older.open(requestWith(cookie))).userId;
      expect([before, after, seen]).toEqual([before, after, before === true && after === false ? undefined : "ann"]);
    }
  });

  it("off: reads what was sealed and writes in clear", async () => {
    const { site, cookie, rows } = await logIn(true);
    expect(await rows()).toEqual(["~"]);
    const without = anotherServer(site);
    const session = await without.open(requestWith(cookie));
    expect([session.userId, session.data]).toEqual(["ann", { kept: "from before" }]);
    session.data.added = true;
    await without.commit(session);
    expect(await rows()).toEqual(["{"]);
  });
});

describe("a copy of the store", () => {
  it("has no token, and nothing that makes one", async () => {
    for (const mode of ["server", "tracked"] as const) {
      const { visitor, inner } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      await browser.visit((session) => session.csrfToken());
      const dump = JSON.stringify((await inner.scan()).items);
      const value = (await browser.cookies()).split("=")[1] as string;
      for (let at = 0; at + 12 <= value.length; at += 4) expect(dump).not.toContain(value.slice(at, at + 12));
    }
  });

  it("whose ids are sent as cookies gets nobody in", async () => {
    const { visitor, sessions, instrument } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { id } = await browser.open();
    instrument.resetCalls();
    const session = await sessions.open(requestWith(`${(await browser.cookies()).split("=")[0]}=${id}`));
    expect([session.userId, instrument.total]).toEqual([undefined, 0]);
  });
});
