/**
 * Who is in a session: logging in, switching users, and one session for one request.
 */
import { describe, expect, it } from "vitest";
import { codeOf, MODES, openSite, requestWith } from "../support/visitor.ts";

describe("login()", () => {
  it("refuses what cannot be a user", async () => {
    const { visitor } = openSite();
    for (const userId of ["", "x".repeat(256), 5, null, undefined, {}]) {
      const { value } = await visitor().visit((session) => codeOf(() => session.login(userId as string)));
      expect(value).toBe("SOJOURN_INVALID_OPTION");
    }
  });

  it("refuses factors that are no list, and a persistence that is neither", async () => {
    const { visitor } = openSite();
    for (const wrong of [{ factors: "pwd" }, { factors: [5] }, { factors: null }, { persistent: "on" }]) {
      const { value } = await visitor().visit(async (session) => [
        await codeOf(() => session.login("ann", wrong as never)),
        await codeOf(async () => {
          await session.login("ann");
          await session.reauthenticate(wrong as never);
        }),
      ]);
      expect(value).toEqual(["SOJOURN_INVALID_OPTION", "SOJOURN_INVALID_OPTION"]);
    }
  });

  it("to another user does not leave a session of the first", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    await browser.visit((session) => session.login("bob"));
    expect((await sessions.list("ann")).items).toEqual([]);
    expect((await sessions.list("bob")).items).toHaveLength(1);
    expect((await browser.visit((session) => session.userId)).value).toBe("bob");
  });

  it("to another user takes nothing of the first one along but what this request has put in", async () => {
    for (const mode of MODES) {
      const { visitor } = openSite({ initial: () => ({ visits: 0 }) }, mode);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.data.cart = ["a"]; // anonymous data is carried over
        await session.login("ann");
        session.data.role = "admin";
        session.flash("info", "for ann");
      });
      await browser.visit((session) => session.login("ann"));
      expect((await browser.visit((session) => session.data)).value).toEqual({ visits: 0, cart: ["a"], role: "admin" });
      const { value } = await browser.visit(async (session) => {
        const { data } = session;
        data.language = "fr";
        await session.login("bob");
        expect(session.data).toBe(data);
        return { ...data };
      });
      expect(value).toEqual({ visits: 0, language: "fr" });
      const seen = await browser.visit((session) => [session.userId, session.data, session.flashes()]);
      expect(seen.value).toEqual(["bob", { visits: 0, language: "fr" }, []]);
    }
  });

  it.each(MODES)("to another user leaves with the first one what `update` made, under any key: %s", async (mode) => {
    const { visitor } = openSite({}, mode);
    const browser = visitor();
    await browser.visit(async (session) => {
      await session.login("ann");
      session.data.orders = ["of ann"];
    });
    await browser.visit(async (session) => {
      await session.update((data) => {
        data.copy = data.orders;
      });
      await session.update("also", () => session.data.orders);
      session.data.language = "fr";
      await session.login("bob");
    });
    const seen = await browser.visit((session) => [session.userId, session.data]);
    expect(seen.value).toEqual(["bob", { language: "fr" }]);
  });

  it("to another user that fails leaves the first one's session as it was", async () => {
    const { visitor, instrument } = openSite();
    const browser = visitor();
    await browser.visit(async (session) => {
      session.data.role = "admin";
      await session.login("ann");
    });
    instrument.fail("replace", { times: 1 });
    const { value } = await browser.visit(async (session) => {
      await session.login("bob").catch(() => {});
      return [session.userId, { ...session.data }];
    });
    expect(value).toEqual(["ann", { role: "admin" }]);
  });

  it("twice in one request leaves one session", async () => {
    const { visitor, sessions, inner } = openSite();
    const browser = visitor();
    const { setCookies } = await browser.visit(async (session) => {
      await session.login("ann");
      await session.login("ann");
    });
    expect(setCookies).toHaveLength(1);
    expect((await sessions.list("ann")).items).toHaveLength(1);
    expect(inner.size).toBe(2); // the session and one tombstone
  });

  it("twice at once in one request leaves one session", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit(async (session) => {
      await Promise.all([session.login("ann"), session.login("ann")]);
    });
    expect((await sessions.list("ann")).items).toHaveLength(1);
    expect((await browser.visit((session) => session.userId)).value).toBe("ann");
  });

  it("that the application forgot to await is in the response all the same", async () => {
    const { visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data.a = 1;
    });
    const { setCookies } = await browser.visit((session) => {
      session.login("ann").catch(() => {});
    });
    expect(setCookies).toHaveLength(1);
    expect((await browser.visit((session) => session.userId)).value).toBe("ann");
  });
});

describe("sessions.open()", () => {
  it("gives one session for one request, however often it is asked", async () => {
    const { sessions, visitor, instrument } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    instrument.resetCalls();
    const request = requestWith(await browser.cookies());
    const [a, b] = await Promise.all([sessions.open(request), sessions.open(request)]);
    expect(a).toBe(b);
    expect(await sessions.open(request)).toBe(a);
    expect(instrument.calls.get).toBe(1);
  });

  it("asks the store again for a request that was opened while it was down", async () => {
    const { sessions, visitor, instrument } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const request = requestWith(await browser.cookies());
    instrument.fail("get");
    expect(await codeOf(() => sessions.open(request))).toBe("SOJOURN_STORE_UNAVAILABLE");
    instrument.restore();
    expect((await sessions.open(request)).userId).toBe("ann");
  });
});
