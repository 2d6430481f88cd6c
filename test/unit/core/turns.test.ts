/** What happens in one request at the same time. */
import { describe, expect, it } from "vitest";
import { gate } from "../../support/client.ts";
import { openSite } from "../../support/visitor.ts";

describe("in one request", () => {
  it("20 updates at once count 20, also when the data was read or changed before", async () => {
    for (const before of [0, 5]) {
      const { visitor } = openSite();
      const browser = visitor();
      await browser.visit((session) => {
        session.data.n = 0;
      });
      await browser.visit(async (session) => {
        session.data.n = before;
        await Promise.all(Array.from({ length: 20 }, () => session.update("n", (n: number) => n + 1)));
      });
      expect((await browser.visit((session) => session.data.n)).value).toBe(before + 20);
    }
  });

  it("a nested value that the application holds is not cut off by an update of another key", async () => {
    const { visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data.cart = [];
    });
    await browser.visit(async (session) => {
      const cart = session.data.cart as string[];
      await session.update("n", (n = 0) => n + 1);
      cart.push("book");
    });
    expect((await browser.visit((session) => ({ ...session.data }))).value).toEqual({ cart: ["book"], n: 1 });
  });

  it("a logout waits for the update before it, and the commit for both", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    const hold = gate();
    const update = session.update("n", async () => {
      await hold.pass();
      return 1;
    });
    await hold.arrived;
    const logout = session.logout();
    hold.open();
    await Promise.all([update, logout]);
    session.data.after = true;
    await sessions.commit(session);
    expect(session.userId).toBeUndefined();
    expect(session.data).toEqual({ after: true });
  });

  it("a verb inside of an update's function is an error, and not a wait for ever", async () => {
    const { visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    const nested = session.update("n", async () => {
      await session.rotate();
      return 1;
    });
    await expect(nested).rejects.toMatchObject({ code: "SOJOURN_CONFLICT" });
    expect(await session.update("n", () => 2)).toBe(2);
  });
});

describe("a replaced id", () => {
  it("ends what replaced it with logout(), and takes the cookie away, which is dead by then", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => {
      session.data.a = 1;
    });
    const old = await browser.copy();
    await browser.visit((session) => session.login("ann"));
    const muted = await old.open();
    await muted.logout();
    const headers = await sessions.commit(muted);
    expect(headers.find(({ name }) => name === "set-cookie")?.value).toContain("Max-Age=0");
    expect((await browser.visit((session) => session.userId)).value).toBeUndefined();
  });

  it("stays silent after logout() when what replaced it is over already", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const old = await browser.copy();
    await browser.visit((session) => session.logout());
    const muted = await old.open();
    await muted.logout();
    expect((await sessions.commit(muted)).filter(({ name }) => name === "set-cookie")).toEqual([]);
  });
});

describe("signal", () => {
  it("aborts when it is asked for only after the session had ended", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    await sessions.revoke(session.id);
    const { signal } = session;
    await new Promise<void>((resolve) =>
      signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve()),
    );
    expect(signal.aborted).toBe(true);
  });
});

describe("revokeOthers()", () => {
  it("is refused to a session that has been revoked itself", async () => {
    const { visitor, sessions } = openSite();
    const [thief, owner] = [visitor(), visitor()];
    await thief.visit((session) => session.login("ann"));
    await owner.visit((session) => session.login("ann"));
    const stale = await thief.open();
    await sessions.revoke(stale.id);
    await expect(sessions.revokeOthers(stale)).rejects.toMatchObject({ code: "SOJOURN_REVOKED" });
    expect((await owner.visit((session) => session.userId)).value).toBe("ann");
  });
});
