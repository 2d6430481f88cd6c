/**
 * What each verb does to the session, the store and the client's cookie, in every mode.
 */
import { describe, expect, it } from "vitest";
import { codeOf, MODES, openSite } from "../support/visitor.ts";

for (const mode of MODES) {
  describe(`a session in mode ${mode}`, () => {
    it("costs nothing until something is stored: no call, no row, no header", async () => {
      const { visitor, instrument, inner } = openSite({}, mode);
      const { response, value } = await visitor().visit(() => "nothing");
      expect(value).toBe("nothing");
      expect([...response.headers.keys()]).toEqual(["content-type"]);
      const looked = await visitor().visit((session) => [session.isNew, session.userId, Object.keys(session.data)]);
      expect(looked.value).toEqual([true, undefined, []]);
      expect(looked.setCookies).toEqual([]);
      expect(looked.response.headers.get("cache-control")).toBe("no-store");
      expect([instrument.total, inner.size]).toEqual([0, 0]);
    });

    it("has an id before it is stored, and the same one after", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      const first = await browser.visit((session) => {
        const before = session.id;
        session.data.a = 1;
        return [before, session.id, session.isNew];
      });
      const [id] = first.value;
      expect(first.value).toEqual([id, id, true]);
      expect(id).toMatch(/^[\w-]{43}$/);
      const again = await browser.visit((session) => [session.id, session.isNew, session.data.a]);
      expect(again.value).toEqual([id, false, 1]);
      expect(await browser.cookies()).not.toContain(id);
    });

    it("saves keys that are set, changed deep inside, and deleted", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.cart = [{ sku: "a", count: 1 }];
        session.data.gone = true;
        session.data.undefined = 1;
      });
      await browser.visit((session) => {
        session.data.cart[0].count += 1;
        delete session.data.gone;
        session.data.undefined = undefined;
      });
      const { value } = await browser.visit((session) => session.data);
      expect(value).toEqual({ cart: [{ sku: "a", count: 2 }] });
      await browser.visit((session) => {
        session.data = { replaced: true };
      });
      expect((await browser.visit((session) => session.data)).value).toEqual({ replaced: true });
    });

    it("login makes a new id, keeps the anonymous data, and kills the old id", async () => {
      const { visitor, events } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.cart = ["a"];
      });
      const old = await browser.copy();
      const { value } = await browser.visit(async (session) => {
        const before = session.id;
        await session.login("ann", { factors: ["pwd"] });
        return { before, after: session.id };
      });
      expect(value.after).not.toBe(value.before);
      expect(events.at(-1)).toEqual({
        type: "rotated",
        id: value.after,
        userId: "ann",
        previousId: value.before,
        why: "login",
      });
      const seen = await browser.visit((session) => [session.userId, session.id, session.data.cart, session.factors]);
      expect(seen.value).toEqual(["ann", value.after, ["a"], ["pwd"]]);
      if (mode === "stateless") return;
      const replayed = await old.visit((session) => [session.userId, session.isNew, session.data.cart]);
      expect(replayed.value).toEqual([undefined, true, undefined]);
      expect(replayed.setCookies).toEqual([]);
    });

    it("login without an anonymous session before it creates one", async () => {
      const { visitor, events } = openSite({}, mode);
      const browser = visitor();
      const { value } = await browser.visit(async (session) => {
        session.data.fresh = true;
        await session.login("ann");
        return session.id;
      });
      expect(events).toEqual([{ type: "created", id: value, userId: "ann" }]);
      const seen = await browser.visit((session) => [session.userId, session.id, session.data]);
      expect(seen.value).toEqual(["ann", value, { fresh: true }]);
    });

    it("logout ends the session, takes the cookie away, and goes on anonymously", async () => {
      const { visitor, inner } = openSite({}, mode);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.data.secret = 1;
        await session.login("ann");
      });
      const thief = await browser.copy();
      const { value, setCookies } = await browser.visit(async (session) => {
        const before = session.id;
        await session.logout();
        return [session.userId, session.data, session.id !== before];
      });
      expect(value).toEqual([undefined, {}, true]);
      expect(setCookies).toEqual([expect.stringMatching(/^__Host-[\w-]+=; Max-Age=0;/)]);
      expect(await browser.cookies()).toBe("");
      // What is left is a tombstone, and nobody's.
      expect([inner.size, (await inner.list("ann")).items]).toEqual([mode === "stateless" ? 0 : 1, []]);
      if (mode === "stateless") return;
      expect((await thief.visit((session) => session.userId)).value).toBeUndefined();
    });

    it("logout with something stored after it begins another session", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      const first = await browser.visit(async (session) => {
        await session.login("ann");
        return session.id;
      });
      const { value, setCookies } = await browser.visit(async (session) => {
        await session.logout();
        session.data.goodbye = true;
        return session.id;
      });
      expect(value).not.toBe(first.value);
      expect(setCookies).toHaveLength(1);
      const seen = await browser.visit((session) => [session.userId, session.id, session.data]);
      expect(seen.value).toEqual([undefined, value, { goodbye: true }]);
    });

    it("destroy ends it, and every use after it is an error", async () => {
      const { visitor, inner } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const { value, setCookies } = await browser.visit(async (session) => {
        await session.destroy();
        return Promise.all([
          codeOf(() => session.login("ann")),
          codeOf(() => session.logout()),
          codeOf(() => session.destroy()),
          codeOf(() => session.rotate()),
          codeOf(() => session.reauthenticate()),
          codeOf(() => session.update("a", () => 1)),
          codeOf(() => session.flash("info", "lost")),
          codeOf(() => {
            session.data = { lost: true };
          }),
        ]);
      });
      expect(value).toEqual(Array(8).fill("SOJOURN_ENDED"));
      expect(setCookies).toEqual([expect.stringContaining("Max-Age=0")]);
      // What is left is a tombstone, and nobody's.
      expect([inner.size, (await inner.list("ann")).items]).toEqual([mode === "stateless" ? 0 : 1, []]);
    });

    it("destroy freezes the data, so that a change is an error and not lost", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.a = 1;
      });
      await browser.visit(async (session) => {
        const { data } = session;
        await session.destroy();
        expect(() => {
          data.a = 2;
        }).toThrow(TypeError);
      });
    });

    it("rotate gives a new id, and keeps user, data, times and messages", async () => {
      const { visitor, clock } = openSite({}, mode);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.data.a = 1;
        session.flash("info", "hello");
        await session.login("ann", { factors: ["pwd"] });
      });
      clock.advance(60_000);
      const { value } = await browser.visit(async (session) => {
        const before = session.toJSON() as Record<string, unknown>;
        await session.rotate();
        return { before, after: session.toJSON() as Record<string, unknown> };
      });
      expect(value.after).toMatchObject({ userId: "ann", createdAt: value.before.createdAt });
      expect(value.after.id).not.toBe(value.before.id);
      const seen = await browser.visit((session) => [session.data, session.factors, session.flashes()]);
      expect(seen.value).toEqual([{ a: 1 }, ["pwd"], [{ kind: "info", text: "hello" }]]);
    });

    it("rotate and destroy of a session that was never stored do nothing", async () => {
      const { visitor, instrument } = openSite({}, mode);
      const rotated = await visitor().visit((session) => session.rotate());
      const destroyed = await visitor().visit((session) => session.destroy());
      expect([...rotated.setCookies, ...destroyed.setCookies]).toEqual([]);
      expect(instrument.total).toBe(0);
    });

    it("reauthenticate gives a new id and new time limits, and needs a user", async () => {
      const { visitor, clock } = openSite({ lifetime: "1h", idle: "1h" }, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann", { factors: ["pwd"] }));
      clock.advance(50 * 60_000);
      const old = await browser.copy();
      const { value } = await browser.visit(async (session) => {
        await session.reauthenticate({ factors: ["pwd", "otp"] });
        return [session.userId, session.factors, session.expiresAt.getTime()];
      });
      expect(value).toEqual(["ann", ["pwd", "otp"], clock() + 3_600_000]);
      clock.advance(50 * 60_000);
      expect((await browser.visit((session) => session.userId)).value).toBe("ann");
      if (mode !== "stateless") expect((await old.visit((session) => session.userId)).value).toBeUndefined();
      const anonymous = await visitor().visit((session) => codeOf(() => session.reauthenticate()));
      expect(anonymous.value).toBe("SOJOURN_NOT_AUTHENTICATED");
    });

    it("after the commit, every change is an error", async () => {
      const { sessions, visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.nested = { a: 1 };
        session.data.list = ["a"];
      });
      const session = await browser.open();
      const { nested } = session.data;
      await sessions.commit(session);
      expect(await codeOf(() => (session.data.late = true))).toBe("SOJOURN_COMMITTED");
      expect(await codeOf(() => delete session.data.nested)).toBe("SOJOURN_COMMITTED");
      expect(() => {
        nested.a = 2;
      }).toThrow(TypeError);
      const sloppy = new Function("object", "object.a = 2");
      expect(await codeOf(() => sloppy(session.data.nested))).toBe("SOJOURN_COMMITTED");
      expect(await codeOf(() => session.data.list.push("late"))).toBe("SOJOURN_COMMITTED");
      expect(session.data).toEqual({ nested: { a: 1 }, list: ["a"] });
      const codes = [
        await codeOf(() => session.login("ann")),
        await codeOf(() => session.logout()),
        await codeOf(() => session.rotate()),
        await codeOf(() => session.reauthenticate()),
        await codeOf(() => session.flash("info", "late")),
        await codeOf(() => {
          session.data = {};
        }),
      ];
      expect(codes).toEqual(Array(6).fill("SOJOURN_COMMITTED"));
    });
  });
}
