/**
 * Messages for the next page: each is shown once, and none is lost.
 */
import { describe, expect, it } from "vitest";
import { MODES, openSite } from "../support/visitor.ts";

const hello = { kind: "info", text: "hello" };
const bye = { kind: "info", text: "bye" };

for (const mode of MODES) {
  describe(`flash messages in mode ${mode}`, () => {
    it("are given once, on the next page, in their order", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      const first = await browser.visit((session) => {
        session.flash("info", "hello");
        session.flash("info", "bye");
        return session.flashes();
      });
      expect(first.value).toEqual([]);
      const next = await browser.visit((session) => [session.flashes(), session.flashes()]);
      expect(next.value).toEqual([[hello, bye], []]);
      expect((await browser.visit((session) => session.flashes())).value).toEqual([]);
    });

    it("are taken even when the page empties the list that it got", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.flash("info", "hello"));
      const { value } = await browser.visit((session) => (session.flashes() as object[]).splice(0));
      expect(value).toEqual([hello]);
      expect((await browser.visit((session) => session.flashes())).value).toEqual([]);
    });

    it("stay until they are taken, and pass through login and rotate", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.flash("info", "hello"));
      await browser.visit((session) => session.login("ann"));
      await browser.visit((session) => session.rotate());
      await browser.visit((session) => {
        session.data.other = 1;
      });
      expect((await browser.visit((session) => session.flashes())).value).toEqual([hello]);
    });

    it("taken and left in one request with a login are each right on the next page", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.flash("info", "hello"));
      const { value } = await browser.visit(async (session) => {
        const shown = session.flashes();
        session.flash("info", "bye");
        await session.login("ann");
        return shown;
      });
      expect(value).toEqual([hello]);
      expect((await browser.visit((session) => session.flashes())).value).toEqual([bye]);
    });

    it("of before a logout are gone, and one left after it begins a session", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.flash("info", "hello");
        await session.login("ann");
      });
      await browser.visit(async (session) => {
        session.flash("info", "hello again");
        await session.logout();
        session.flash("info", "bye");
      });
      expect((await browser.visit((session) => [session.userId, session.flashes()])).value).toEqual([undefined, [bye]]);
    });
  });
}

describe("flash messages of parallel requests", () => {
  it("are all kept, and twice the same is two", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.flash("info", "hello"));
    const [a, b] = [await browser.open(), await browser.open()];
    a.flash("info", "bye");
    b.flash("info", "bye");
    await sessions.commit(a);
    await sessions.commit(b);
    expect((await browser.visit((session) => session.flashes())).value).toEqual([hello, bye, bye]);
  });

  it("are kept when they come while another request takes those before", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.flash("info", "hello"));
    const [taking, leaving] = [await browser.open(), await browser.open()];
    expect(taking.flashes()).toEqual([hello]);
    leaving.flash("info", "bye");
    await sessions.commit(leaving);
    await taking.update("n", () => 1); // sees the record with both
    await sessions.commit(taking);
    expect((await browser.visit((session) => session.flashes())).value).toEqual([bye]);
  });

  it("are carried over when one is left under an id that a login replaces", async () => {
    for (const mode of ["server", "tracked"] as const) {
      const { visitor, sessions } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.flash("info", "hello"));
      const leaving = await browser.open();
      leaving.flash("info", "bye");
      await browser.visit(async (session) => {
        await sessions.commit(leaving);
        await session.login("ann");
      });
      expect((await browser.visit((session) => session.flashes())).value).toEqual([hello, bye]);
    }
  });
});
