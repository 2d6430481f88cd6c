/**
 * The commit, called in ways that applications and adapters do call it.
 */
import { describe, expect, it } from "vitest";
import { cookieOf, MODES, openSite, requestWith, settle } from "../../support/visitor.ts";

describe("commit()", () => {
  for (const mode of MODES) {
    it(`called twice, one after the other or at once, stores once and gives the same headers, in mode ${mode}`, async () => {
      const { sessions, instrument } = openSite({}, mode);
      const session = await sessions.open(requestWith());
      session.data.a = 1;
      const [first, second] = await Promise.all([sessions.commit(session), sessions.commit(session)]);
      expect(second).toBe(first);
      expect(await sessions.commit(session)).toBe(first);
      expect(instrument.calls.create).toBe(mode === "stateless" ? 0 : 1);
    });

    it(`makes a change error that comes while it is under way, in mode ${mode}`, async () => {
      const { sessions, visitor } = openSite({}, mode);
      const browser = visitor();
      const session = await sessions.open(requestWith());
      // What the application still holds from before; `session.data` is another object by then.
      const { data } = session;
      data.a = { deep: 1 };
      const headers = sessions.commit(session);
      expect(() => {
        data.a.deep = 2;
      }).toThrow(TypeError);
      expect(() => {
        session.data.a.deep = 2;
      }).toThrow(expect.objectContaining({ code: "SOJOURN_COMMITTED" }));
      await expect(session.login("ann")).rejects.toMatchObject({ code: "SOJOURN_COMMITTED" });
      await headers;
      expect(browser).toBeDefined();
    });
  }

  it("gives no promise when there is nothing to save, so that a response need not wait", async () => {
    const { sessions, visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    expect(session.data).toEqual({});
    expect(sessions.commit(session)).not.toBeInstanceOf(Promise);
  });

  it("gives no promise for a change to what is all in the cookie, and throws when it becomes too large", async () => {
    const { sessions, visitor } = openSite({}, "stateless");
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    session.data.count = 1;
    const headers = sessions.commit(session);
    expect(headers).not.toBeInstanceOf(Promise);
    const again = await sessions.open(requestWith(cookieOf(await headers)));
    expect([again.userId, again.data]).toEqual(["ann", { count: 1 }]);
    again.data.large = "x".repeat(20_000);
    expect(() => sessions.commit(again)).toThrow(expect.objectContaining({ code: "SOJOURN_COOKIE_TOO_LARGE" }));
  });

  it("that failed can be tried again when the store is back", async () => {
    const { sessions, instrument, inner } = openSite();
    for (const when of ["before", "after"] as const) {
      const session = await sessions.open(requestWith());
      session.data.kept = when;
      instrument.fail("create", { when });
      await expect(sessions.commit(session)).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
      instrument.restore();
      const cookie = cookieOf(await sessions.commit(session));
      expect((await sessions.open(requestWith(cookie))).data).toEqual({ kept: when });
    }
    expect(inner.size).toBeLessThanOrEqual(3);
  });

  for (const mode of ["tracked", "stateless"] as const) {
    it(`that failed can be tried again with less, in mode ${mode}`, async () => {
      const { sessions, visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.list = [1];
      });
      const session = await browser.open();
      session.data.large = "x".repeat(20_000);
      await expect(async () => sessions.commit(session)).rejects.toMatchObject({ code: "SOJOURN_COOKIE_TOO_LARGE" });
      delete session.data.large;
      session.data.list.push(2);
      const cookie = cookieOf(await sessions.commit(session));
      expect((await sessions.open(requestWith(cookie))).data).toEqual({ list: [1, 2] });
      expect(() => session.data.list.push(3)).toThrow(expect.objectContaining({ code: "SOJOURN_COMMITTED" }));
    });
  }

  it("that failed leaves a session that can be logged out", async () => {
    const { sessions, visitor, instrument } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    session.data.a = { b: 1 };
    instrument.fail("update", { times: 1 });
    await expect(sessions.commit(session)).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await session.logout();
    session.data.fresh = true;
    await sessions.commit(session);
    expect((await sessions.list("ann")).items).toEqual([]);
  });

  it("waits for a verb that the application did not wait for", async () => {
    const { sessions, visitor, instrument } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data.a = 1;
    });
    const session = await browser.open();
    const gate = instrument.hold("replace");
    const login = session.login("ann");
    await gate.reached;
    let done = false;
    const headers = Promise.resolve(sessions.commit(session)).then((ops) => {
      done = true;
      return ops;
    });
    await settle();
    expect(done).toBe(false);
    gate.release();
    await login;
    expect((await sessions.open(requestWith(cookieOf(await headers)))).userId).toBe("ann");
  });

  it("drops the write and sends no cookie when the session was ended meanwhile", async () => {
    for (const mode of ["server", "tracked"] as const) {
      const { sessions, visitor, inner } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const { setCookies } = await browser.visit(async (session) => {
        session.data.late = true;
        await sessions.revokeUser("ann");
      });
      expect(setCookies).toEqual([]);
      expect(inner.size).toBe(0);
    }
  });

  it("says so when a session that was reached by its id keeps its data in a cookie", async () => {
    const { sessions, visitor } = openSite({}, "tracked");
    const browser = visitor();
    const { value: id } = await browser.visit((session) => {
      session.data.a = 1;
      return session.id;
    });
    const found = await sessions.get(id);
    if (!found) throw new Error("the session must be there");
    expect(found.data).toEqual({});
    await expect(found.update("a", () => 2)).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
    found.data.a = 2;
    await expect(async () => sessions.commit(found)).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
    expect((await browser.visit((session) => session.data)).value).toEqual({ a: 1 });
  });

  it("saves a session that was reached by its id, without headers", async () => {
    const { sessions, visitor } = openSite();
    const browser = visitor();
    const { value: id } = await browser.visit((session) => {
      session.data.a = 1;
      return session.id;
    });
    const found = await sessions.get(id);
    if (!found) throw new Error("the session must be there");
    found.data.a = 2;
    expect(await sessions.commit(found)).toEqual([]);
    await expect(found.login("ann")).rejects.toMatchObject({ code: "SOJOURN_COMMITTED" });
    expect((await browser.visit((session) => session.data)).value).toEqual({ a: 2 });
  });

  it("refuses data that is no object, and keeps what was stored", async () => {
    const { sessions, visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    for (const data of [null, 5, "text", [1]]) {
      const session = await browser.open();
      expect(() => {
        session.data = data as never;
      }).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_DATA" }));
      await sessions.commit(session);
    }
    expect((await browser.visit((session) => session.userId)).value).toBe("ann");
  });

  it("stores and sends nothing when the data cannot be serialised", async () => {
    for (const mode of MODES) {
      const { sessions, visitor, inner } = openSite({}, mode);
      const browser = visitor();
      const session = await sessions.open(requestWith());
      session.data.when = new Date();
      await expect(async () => sessions.commit(session)).rejects.toMatchObject({
        code: "SOJOURN_DATA_NOT_SERIALISABLE",
      });
      await expect(session.login("ann")).rejects.toMatchObject({ code: "SOJOURN_DATA_NOT_SERIALISABLE" });
      expect(inner.size).toBe(0);
      await browser.visit((visited) => {
        visited.data.n = 1;
      });
      const stored = await browser.open();
      stored.data.n = Number.NaN;
      await expect(async () => sessions.commit(stored)).rejects.toMatchObject({
        code: "SOJOURN_DATA_NOT_SERIALISABLE",
      });
    }
  });
});
