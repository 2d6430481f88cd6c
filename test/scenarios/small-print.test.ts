/** Small print of the promises: each is one line of the core that only a test of its own notices when it changes. */
import { describe, expect, it } from "vitest";
import { MODES, openSite, requestWith, settle, type Visitor } from "../support/visitor.ts";

const nameAndValue = async (browser: Visitor): Promise<string> => browser.cookies();

describe.each(["server", "tracked"] as const)("two cookies of one session, mode %s", (mode) => {
  it("count as the newer one, in either order", async () => {
    const site = openSite({ rotateEvery: "10m", rotationGrace: "10s" }, mode);
    const browser = site.visitor();
    await browser.visit((session) => session.login("ann"));
    const oldest = await nameAndValue(browser);
    for (let times = 0; times < 2; times++) {
      site.clock.advance(11 * 60_000);
      await browser.visit();
      await browser.visit();
    }
    const newest = await nameAndValue(browser);
    expect(newest).not.toBe(oldest);
    for (const cookie of [`${oldest}; ${newest}`, `${newest}; ${oldest}`])
      expect((await site.sessions.open(requestWith(cookie))).userId).toBe("ann");
    expect(site.events.filter(({ type }) => type === "reuse")).toEqual([]);
  });
});

describe.each(["server", "tracked"] as const)("a chain of replaced ids, mode %s", (mode) => {
  it("is ended by its first id", async () => {
    const site = openSite({}, mode);
    const browser = site.visitor();
    const { value: first } = await browser.visit(async (session) => {
      await session.login("ann");
      return session.id;
    });
    for (let times = 0; times < 5; times++) await browser.visit((session) => session.rotate());
    expect(await site.sessions.revoke(first)).toBe(true);
    expect((await browser.open()).userId).toBeUndefined();
    expect((await site.sessions.list("ann")).items).toEqual([]);
  });
});

describe.each(MODES)("in mode %s", (mode) => {
  it("the commit waits for every update that was begun, the slowest too", async () => {
    const browser = openSite({}, mode).visitor();
    await browser.visit((session) => {
      session.data.first = true;
    });
    await browser.visit((session) => {
      const pass = async (turns: number) => {
        for (let turn = 0; turn < turns; turn++) await settle();
      };
      void session.update("slow", async () => {
        await pass(6);
        return 1;
      });
      void session.update("quick", async () => {
        await pass(1);
        return 2;
      });
    });
    expect({ ...(await browser.open()).data }).toEqual({ first: true, slow: 1, quick: 2 });
  });

  it("a write that is no sign of life leaves the last use where it was", async () => {
    const site = openSite({ idle: "1h" }, mode);
    const browser = site.visitor();
    await browser.visit((session) => session.login("ann"));
    const before = (await browser.open()).lastSeenAt;
    site.clock.advance(50 * 60_000);
    const source = requestWith(await browser.cookies());
    const session = await site.sessions.open(source, { touch: false });
    session.data.polled = true;
    const headers = await site.sessions.commit(session);
    const response = new Response(null, {
      headers: headers.map(({ name, value }) => [name, value] as [string, string]),
    });
    await browser.client.keep(response);
    expect((await browser.open()).data.polled).toBe(true);
    expect((await browser.open()).lastSeenAt).toEqual(before);
    site.clock.advance(10 * 60_000);
    expect((await browser.open()).isNew).toBe(true);
  });

  it("messages of before a logout end with it, and one that is left after it is shown", async () => {
    const browser = openSite({}, mode).visitor();
    await browser.visit(async (session) => {
      await session.login("ann");
      session.flash("info", "seen");
    });
    await browser.visit(async (session) => {
      session.flash("info", "ann's");
      expect(session.flashes().map(({ text }) => text)).toEqual(["seen"]);
      await session.logout();
      expect(session.flashes()).toEqual([]);
      session.flash("info", "Goodbye.");
    });
    const { value } = await browser.visit((session) => session.flashes().map(({ text }) => text));
    expect(value).toEqual(["Goodbye."]);
  });

  it("data that the application has frozen can be updated and replaced", async () => {
    const browser = openSite({}, mode).visitor();
    await browser.visit((session) => session.login("ann"));
    await browser.visit(async (session) => {
      session.data = Object.freeze({ count: 1 });
      await session.update("count", (count = 0) => count + 1);
      expect(session.data.count).toBe(2);
      session.data.other = true;
    });
    expect({ ...(await browser.open()).data }).toEqual({ count: 2, other: true });
  });

  it("the cookie lives to the last begun second of the lifetime", async () => {
    const site = openSite({ idle: "1h", lifetime: "1d" }, mode);
    const { setCookies } = await site.visitor().visit(async (session) => {
      await session.login("ann");
      site.clock.advance(500);
    });
    expect(setCookies[0]).toContain("; Max-Age=86400");
  });
});

it("two kinds of sessions in one request are two, each with its own cookie", async () => {
  const shop = openSite({ cookie: { name: "__Host-shop" } });
  const admin = openSite({ cookie: { name: "__Host-admin" } });
  const request = new Request("https://app.example/");
  const response = await shop.sessions.handle(request, async (outer) => {
    await outer.login("ann");
    return admin.sessions.handle(request, async (inner) => {
      expect(inner.userId).toBeUndefined();
      await inner.login("root");
      expect(outer.userId).toBe("ann");
      return new Response(null);
    });
  });
  const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
  expect(names.map((name) => name?.replace(/^__Host-(?:Http-)?/, "")).sort()).toEqual(["admin", "shop"]);
});

it("the grace counts from the first sight of the successor, also when two see it at once and the second is slow", async () => {
  const site = openSite({ rotateEvery: "10m", rotationGrace: "30s" });
  const browser = site.visitor();
  await browser.visit((session) => session.login("ann"));
  site.clock.advance(11 * 60_000);
  const predecessor = await browser.copy();
  await browser.visit();
  const slow = await site.sessions.open(requestWith(await browser.cookies()));
  await browser.visit();
  site.clock.advance(20_000);
  slow.data.late = true;
  await site.sessions.commit(slow);
  expect((await predecessor.open()).userId).toBe("ann");
  site.clock.advance(11_000);
  expect((await predecessor.open()).userId).toBeUndefined();
});
