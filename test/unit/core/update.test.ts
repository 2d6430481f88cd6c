/**
 * `session.update`: exact, and never at the cost of something else that the request did.
 */
import { describe, expect, it } from "vitest";
import { cookieOf, MODES, openSite, requestWith, settle } from "../../support/visitor.ts";

describe("update()", () => {
  for (const mode of MODES) {
    it(`is waited for by the commit, also when a later one is over before it, in mode ${mode}`, async () => {
      const { sessions } = openSite({}, mode);
      const session = await sessions.open(requestWith());
      let goOn = (): void => undefined;
      const slow = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const first = session.update("first", () => slow.then(() => 1));
      await session.update("second", () => 2);
      let committed = false;
      const headers = Promise.resolve(sessions.commit(session)).then((ops) => {
        committed = true;
        return ops;
      });
      await settle();
      expect(committed).toBe(false);
      goOn();
      await first;
      const next = await sessions.open(requestWith(cookieOf(await headers)));
      expect(next.data).toEqual({ first: 1, second: 2 });
    });
  }

  for (const mode of MODES) {
    it(`changes a key, answers with its value, and keeps the object of data, in mode ${mode}`, async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.list = [1];
      });
      const { value } = await browser.visit(async (session) => {
        const { data } = session;
        const count = await session.update("count", (n = 0) => n + 1);
        const whole = await session.update((draft) => {
          draft.list.push(2);
        });
        return { count, same: session.data === data, whole: whole === data, data: structuredClone(data) };
      });
      expect(value).toEqual({ count: 1, same: true, whole: true, data: { list: [1, 2], count: 1 } });
      expect((await browser.visit((session) => session.data)).value).toEqual({ list: [1, 2], count: 1 });
    });

    it(`takes a whole new object from the function, in mode ${mode}`, async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.data.old = true;
        await session.update(() => ({ fresh: 1 }));
        session.data.more = 2;
      });
      expect((await browser.visit((session) => session.data)).value).toEqual({ fresh: 1, more: 2 });
    });

    it(`changes nothing when the function throws, in mode ${mode}`, async () => {
      const { visitor, instrument } = openSite({}, mode);
      const browser = visitor();
      for (const round of ["new", "stored"]) {
        const { value } = await browser.visit(async (session) => {
          session.data.kept = round;
          const failing = session.update((draft) => {
            draft.half = "done";
            throw new Error("changed my mind");
          });
          await expect(failing).rejects.toThrow("changed my mind");
          return { ...session.data };
        });
        expect(value).toEqual({ kept: round });
        expect((await browser.visit((session) => session.data)).value).toEqual({ kept: round });
      }
      if (mode === "server") expect(instrument.calls.update).toBe(1); // the commit of the second round
    });

    it(`saves what is changed in the answer of an update, in mode ${mode}`, async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      await browser.visit(async (session) => {
        (await session.update((draft) => draft)).whole = 1;
      });
      await browser.visit(async (session) => {
        (await session.update("list", (list: number[] = []) => list)).push(2);
      });
      expect((await browser.visit((session) => session.data)).value).toEqual({ whole: 1, list: [2] });
    });

    it(`counts updates that one request runs at once, in mode ${mode}`, async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      const add = (n = 0) => n + 1;
      for (const total of [3, 6]) {
        const { value } = await browser.visit(async (session) =>
          Promise.all([session.update("n", add), session.update("n", add), session.update("n", async (n) => add(n))]),
        );
        expect(Math.max(...value)).toBe(total);
        expect((await browser.visit((session) => session.data.n)).value).toBe(total);
      }
    });

    it(`keeps what the application changes while an update is under way, in mode ${mode}`, async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.first = 1;
      });
      await browser.visit(async (session) => {
        session.data.before = 1;
        const update = session.update("count", async (n = 0) => {
          await settle();
          return n + 1;
        });
        session.data.meanwhile = 1;
        await update;
        expect(session.data.meanwhile).toBe(1);
      });
      const { value } = await browser.visit((session) => session.data);
      expect(value).toEqual({ first: 1, before: 1, count: 1, meanwhile: 1 });
    });

    it(`refuses a result that is no object, and stores nothing, in mode ${mode}`, async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.list = [];
      });
      for (const result of [1, "text", true, [1]]) {
        const { value } = await browser.visit((session) =>
          session.update(() => result as never).catch((error) => error.code),
        );
        expect(value).toBe("SOJOURN_INVALID_DATA");
      }
      expect((await browser.visit((session) => session.data)).value).toEqual({ list: [] });
    });

    it(`does not mistake what objects inherit for data, in mode ${mode}`, async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      for (const key of ["constructor", "toString", "hasOwnProperty"]) {
        const { value } = await browser.visit(async (session) => {
          session.data.stored = true;
          return session.update(key, (old: unknown) => typeof old);
        });
        expect(value).toBe("undefined");
      }
      const polluting = await browser.visit((session) =>
        session.update("__proto__", () => ({ polluted: true })).catch((error) => error.code),
      );
      expect(polluting.value).toBe("SOJOURN_DATA_NOT_SERIALISABLE");
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    });
  }

  it("that the application forgot to await goes out with the commit, where the data does", async () => {
    for (const mode of ["tracked", "stateless"] as const) {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.n = 0;
      });
      await browser.visit((session) => {
        session.update("n", async (n) => {
          await settle();
          return n + 1;
        });
      });
      expect((await browser.visit((session) => session.data.n)).value).toBe(1);
    }
  });

  it("inside of update() is an error at worst, and holds nobody up for ever", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data.n = 0;
    });
    const [outer, inner, other] = [await browser.open(), await browser.open(), await browser.open()];
    const nested = outer.update("n", async (n) => {
      await other.update("m", (m = 0) => m + 1);
      await inner.update("m", (m = 0) => m + 1);
      return n + 1;
    });
    await expect(nested).rejects.toMatchObject({ code: "SOJOURN_CONFLICT" });
    await sessions.commit(outer);
    expect((await browser.visit((session) => session.data.n)).value).toBe(0);
  });

  it("runs again on what another request stored meanwhile", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data.n = 1;
    });
    const [slow, fast] = [await browser.open(), await browser.open()];
    const seen: number[] = [];
    await slow.update("n", async (n) => {
      seen.push(n);
      if (seen.length === 1) await fast.update("n", (m) => m + 10);
      return n + 1;
    });
    expect(seen).toEqual([1, 11]);
    expect(slow.data.n).toBe(12);
    await sessions.commit(slow);
    await sessions.commit(fast);
    expect((await browser.visit((session) => session.data.n)).value).toBe(12);
  });

  it("stores what the request changed before it, and so does the commit after it", async () => {
    const { visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data = { a: 1, b: 1, c: 1 };
    });
    await browser.visit(async (session) => {
      session.data.a = 2;
      delete session.data.b;
      await session.update("c", (c) => c + 1);
      expect(session.data).toEqual({ a: 2, c: 2 });
      session.data.d = 1;
    });
    expect((await browser.visit((session) => session.data)).value).toEqual({ a: 2, c: 2, d: 1 });
  });

  it("sends no cookie of a login whose session was ended before the update", async () => {
    const { sessions, visitor } = openSite();
    const { value, setCookies } = await visitor().visit(async (session) => {
      await session.login("ann");
      await sessions.revokeUser("ann");
      return session.update("n", () => 1).catch((error) => error.code);
    });
    expect([value, setCookies]).toEqual(["SOJOURN_REVOKED", []]);
  });

  it("throws when the session was ended meanwhile, and the response carries no cookie", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value, setCookies } = await browser.visit(async (session) => {
      await sessions.revoke(session.id);
      return session.update("n", () => 1).catch((error) => [error.code, error.status]);
    });
    expect(value).toEqual(["SOJOURN_REVOKED", 401]);
    expect(setCookies).toEqual([]);
  });

  it("still works after the commit, and does not undo what others stored", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data.base = 1;
    });
    const [late, other] = [await browser.open(), await browser.open()];
    late.data.mine = 1;
    other.data.theirs = 1;
    await sessions.commit(other);
    await sessions.commit(late); // merged on the server; `late.data` does not show `theirs`
    await late.update("after", () => 1);
    expect((await browser.visit((session) => session.data)).value).toEqual({ base: 1, mine: 1, theirs: 1, after: 1 });
  });

  it("after the commit answers with what cannot be changed any more", async () => {
    const { sessions, visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    await sessions.commit(session);
    const list = await session.update("list", () => [1]);
    expect(() => list.push(2)).toThrow(TypeError);
  });

  it("after the commit is an error where the data is in the cookie", async () => {
    for (const mode of ["tracked", "stateless"] as const) {
      const { visitor, sessions } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.n = 1;
      });
      const session = await browser.open();
      await sessions.commit(session);
      await expect(session.update("n", () => 2)).rejects.toMatchObject({ code: "SOJOURN_COMMITTED" });
    }
  });
});
