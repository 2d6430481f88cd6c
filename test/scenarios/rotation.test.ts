/**
 * Rotation by age: nobody is logged out by it, and who replays an old token is found out.
 */
import { describe, expect, it } from "vitest";
import { headerTransport } from "../../src/transport/header.ts";
import {
  anotherServer,
  cookieOf,
  openSite,
  requestWith,
  SECRET,
  SECRET_2,
  type Site,
  type TestMode,
  type Visitor,
} from "../support/visitor.ts";

const HOUR = 3_600_000;
const GRACE = 30_000;
const STORED = ["server", "tracked"] as const;

async function loggedIn(options: Parameters<typeof openSite>[0] = {}, mode: TestMode = "server") {
  const site = openSite({ lifetime: "30d", idle: "30d", ...options }, mode);
  const browser = site.visitor();
  await browser.visit((session) => session.login("ann"));
  return { ...site, browser };
}

const userOf = async (visitor: Visitor): Promise<string | undefined> =>
  (await visitor.visit((session) => session.userId)).value;

function rotations({ events }: Pick<Site, "events">): number {
  return events.filter((event) => event.type === "rotated" && event.why === "periodic").length;
}

for (const mode of STORED) {
  describe(`rotation by age in mode ${mode}`, () => {
    it("begins a new generation after rotateEvery, with a new cookie and the same id", async () => {
      const { browser, clock, events } = await loggedIn({}, mode);
      const before = await browser.cookies();
      clock.advance(HOUR - 1);
      expect((await browser.visit()).setCookies).toEqual([]);
      clock.advance(1);
      const id = (await browser.open()).id;
      expect((await browser.visit()).setCookies).toHaveLength(1);
      expect(await browser.cookies()).not.toBe(before);
      expect(events.at(-1)).toMatchObject({ type: "rotated", id, previousId: id, why: "periodic" });
      expect((await browser.open()).id).toBe(id);
      expect((await browser.visit()).setCookies).toEqual([]);
    });

    it("waits for the next response when this one says that the request failed", async () => {
      const { browser, clock, sessions } = await loggedIn({}, mode);
      const tab = await browser.copy();
      clock.advance(HOUR);
      expect(await sessions.commit(await browser.open(), { status: 503 })).toEqual([]);
      expect((await browser.visit()).setCookies).toHaveLength(1);
      clock.advance(GRACE);
      expect(await sessions.commit(await tab.open(), { status: 500 })).toEqual([]);
      expect((await tab.visit()).setCookies).toHaveLength(1);
    });

    it("accepts the predecessor until the successor was seen, and for the grace after", async () => {
      const { browser, clock, events } = await loggedIn({}, mode);
      const tab = await browser.copy();
      clock.advance(HOUR);
      await browser.visit();
      clock.advance(5 * GRACE);
      expect(await userOf(await tab.copy())).toBe("ann");
      await browser.visit(); // shows the successor
      clock.advance(GRACE - 1);
      expect(await userOf(await tab.copy())).toBe("ann");
      clock.advance(1);
      expect(await userOf(tab)).toBeUndefined();
      expect(events.map(({ type }) => type)).toContain("reuse");
      expect(await userOf(browser)).toBeUndefined();
    });

    it("does not let the window slide, however often the predecessor is used", async () => {
      const { browser, clock } = await loggedIn({ onReuse: "report" }, mode);
      const tab = await browser.copy();
      clock.advance(HOUR);
      await browser.visit();
      await browser.visit();
      for (let at = 0; at < GRACE; at += GRACE / 3) {
        expect(await userOf(await tab.copy())).toBe("ann");
        clock.advance(GRACE / 3);
      }
      expect(await userOf(await tab.copy())).toBeUndefined();
    });

    it("counts the grace from the first sight of the successor, when two requests of one moment show it", async () => {
      const { browser, clock, sessions } = await loggedIn({ onReuse: "report" }, mode);
      const tab = await browser.copy();
      clock.advance(HOUR);
      await browser.visit();
      const [quick, slow] = [await browser.open(), await browser.open()];
      await sessions.commit(quick);
      clock.advance(GRACE - 1);
      await sessions.commit(slow);
      expect(await userOf(await tab.copy())).toBe("ann");
      clock.advance(1);
      expect(await userOf(await tab.copy())).toBeUndefined();
    });

    it("hands the current value to a client that lost the answer, and rotates it no further until then", async () => {
      const { browser, clock, events } = await loggedIn({}, mode);
      clock.advance(HOUR);
      await browser.send(); // the answer is lost
      clock.advance(5 * HOUR);
      const visit = await browser.visit((session) => session.userId);
      expect([visit.value, visit.setCookies.length]).toEqual(["ann", 1]);
      expect(rotations({ events })).toBe(1);
      expect(await userOf(browser)).toBe("ann");
      clock.advance(GRACE);
      expect(await userOf(browser)).toBe("ann");
      expect(events.map(({ type }) => type)).not.toContain("reuse");
    });

    it("leaves the predecessor its grace when the successor is due itself at its first sight", async () => {
      const { browser, clock, events, instrument } = await loggedIn({}, mode);
      clock.advance(HOUR);
      await browser.send(); // the answer is lost
      clock.advance(HOUR);
      const gate = instrument.hold("get", { when: "before" });
      const slow = browser.send((session) => session.userId); // presents 0, as does the next one
      await gate.reached;
      await browser.visit(); // is handed 1
      await browser.visit(); // shows 1, which is an hour old
      await browser.visit();
      gate.release();
      expect((await slow).value).toBe("ann");
      clock.advance(GRACE);
      expect((await browser.visit()).setCookies).toHaveLength(1);
      expect(rotations({ events })).toBe(2);
      expect(events.map(({ type }) => type)).not.toContain("reuse");
    });

    it("ends the session when an older generation is replayed, for the thief and for the owner", async () => {
      const { browser, clock, events, inner } = await loggedIn({}, mode);
      const thief = await browser.copy();
      for (let generation = 0; generation < 2; generation++) {
        clock.advance(HOUR);
        await browser.visit();
        await browser.visit(); // shows it
      }
      const { id } = await browser.open();
      expect(await userOf(thief)).toBeUndefined();
      const reuse = events.filter(({ type }) => type === "reuse" || type === "destroyed");
      expect(reuse).toEqual([
        { type: "reuse", id, userId: "ann", generation: 0, held: 2 },
        { type: "destroyed", id, userId: "ann", reason: "reuse" },
      ]);
      expect(inner.size).toBe(0);
      expect(await userOf(browser)).toBeUndefined();
    });

    it("only reports the replay when it is told so", async () => {
      const { browser, clock, events } = await loggedIn({ onReuse: "report" }, mode);
      const thief = await browser.copy();
      for (let generation = 0; generation < 2; generation++) {
        clock.advance(HOUR);
        await browser.visit();
        await browser.visit(); // shows it
      }
      const replay = await thief.visit((session) => session.userId);
      expect([replay.value, replay.setCookies]).toEqual([undefined, []]);
      expect(events.at(-1)).toMatchObject({ type: "reuse", generation: 0, held: 2 });
      expect(await userOf(browser)).toBe("ann");
    });

    it("accepts a generation ahead of a store that lost the write, and repairs the record", async () => {
      const { browser, clock, inner, events } = await loggedIn({}, mode);
      const { id } = await browser.open();
      const old = await inner.get(id);
      clock.advance(HOUR);
      await browser.visit();
      const tab = await browser.copy();
      const now = await inner.get(id);
      if (!old || !now) throw new Error("the record must be there");
      await inner.update(id, { ...now, payload: old.payload }, now.version); // a failover to an older copy
      expect(await userOf(browser)).toBe("ann");
      expect(await userOf(tab)).toBe("ann");
      expect(JSON.parse((await inner.get(id))?.payload.split("\n")[0] as string)).toMatchObject({ g: 1 });
      clock.advance(HOUR);
      expect((await browser.visit()).setCookies).toHaveLength(1);
      expect(await userOf(browser)).toBe("ann");
      expect(events.map(({ type }) => type)).not.toContain("reuse");
    });

    it("has one winner among parallel requests; the losers answer without a cookie", async () => {
      const { browser, clock, instrument, events } = await loggedIn({}, mode);
      clock.advance(HOUR);
      const gates = Array.from({ length: 5 }, () => instrument.hold("update"));
      const answers = gates.map(() => browser.send((session) => session.userId));
      for (const gate of gates) await gate.reached;
      for (const gate of gates) gate.release();
      const visits = await Promise.all(answers);
      expect(visits.map(({ value }) => value)).toEqual(Array(5).fill("ann"));
      expect(visits.map(({ setCookies }) => setCookies.length).sort()).toEqual([0, 0, 0, 0, 1]);
      expect(rotations({ events })).toBe(1);
      for (const visit of visits) await browser.keep(visit);
      expect(await userOf(browser)).toBe("ann");
    });

    it("does not clobber a newer cookie with an answer that comes late", async () => {
      const { browser, clock, instrument, events } = await loggedIn({}, mode);
      clock.advance(HOUR);
      await browser.send(); // generation 1, lost
      clock.advance(GRACE);
      const gate = instrument.hold("get", { when: "after" });
      const late = browser.send(); // presents 0 and is to be handed 1
      await gate.reached;
      await browser.visit(); // the same, and arrives
      await browser.visit(); // shows 1
      clock.advance(HOUR);
      await browser.visit(); // generation 2
      const newest = await browser.cookies();
      gate.release();
      const answer = await late;
      expect(answer.setCookies).toEqual([]);
      await browser.keep(answer);
      expect(await browser.cookies()).toBe(newest);
      expect(await userOf(browser)).toBe("ann");
      expect(events.map(({ type }) => type)).not.toContain("reuse");
    });

    it("keeps what a request saved that was overtaken by a rotation", async () => {
      const { browser, clock, sessions } = await loggedIn({}, mode);
      const slow = await browser.open();
      slow.flash("info", "hello");
      clock.advance(HOUR);
      await browser.visit();
      await browser.visit();
      expect((await sessions.commit(slow)).filter(({ name }) => name === "set-cookie")).toEqual([]);
      expect((await browser.visit((session) => session.flashes())).value).toEqual([{ kind: "info", text: "hello" }]);
    });

    it("is not done for a session that was reached by its id", async () => {
      const { browser, clock, sessions } = await loggedIn({}, mode);
      clock.advance(HOUR);
      const found = await sessions.get((await browser.open()).id);
      if (!found) throw new Error("the session must be there");
      found.flash("info", "from an operator");
      expect(await sessions.commit(found)).toEqual([]);
      expect((await browser.visit((session) => session.flashes())).value).toHaveLength(1);
      expect(await userOf(browser)).toBe("ann");
    });
  });

  describe(`keys in mode ${mode}`, () => {
    const ring = { k1: SECRET.slice(3), k2: SECRET_2.slice(3) };

    it("go from pending to active to retired without a logout, and a revoked one is refused", async () => {
      const site = await loggedIn({}, mode);
      const server = (secrets: object) => anotherServer(site, { lifetime: "30d", idle: "30d", secrets } as never, mode);
      const pending = await site.browser.copy(server({ active: "k1", keys: ring }));
      expect((await pending.visit((session) => session.userId)).value).toBe("ann");
      site.clock.advance(HOUR / 2);
      const active = await pending.copy(server({ active: "k2", keys: ring }));
      const visit = await active.visit((session) => session.userId);
      expect([visit.value, visit.setCookies.length]).toEqual(["ann", 1]);
      const retired = await active.copy(server({ active: "k2", keys: { k2: ring.k2 } }));
      expect((await retired.visit((session) => session.userId)).value).toBe("ann");
      const leaked = server({ active: "k2", keys: { k2: ring.k2 }, revoked: ["k1"] });
      expect(await userOf(await site.browser.copy(leaked))).toBeUndefined();
      expect(site.events.at(-1)).toMatchObject({ type: "rejected", reason: "revoked-key" });
      const gone = server({ active: "k2", keys: { k2: ring.k2 } });
      expect(await userOf(await site.browser.copy(gone))).toBeUndefined();
      expect(site.events.at(-1)).toMatchObject({ type: "rejected", reason: "foreign" });
    });

    it("are changed without a logout while processes disagree which one is active", async () => {
      const site = await loggedIn({}, mode);
      const servers = ["k1", "k2"].map((active) =>
        anotherServer(site, { lifetime: "30d", idle: "30d", secrets: { active, keys: ring } }, mode),
      );
      site.clock.advance(HOUR / 2);
      const started = await site.browser.copy(servers[1]);
      let browser = site.browser;
      for (const server of [...servers, ...servers, ...servers]) {
        browser = await browser.copy(server);
        expect(await userOf(browser)).toBe("ann");
      }
      // A request of the same page that took the slow road.
      expect(await userOf(started)).toBe("ann");
      expect(site.events.map(({ type }) => type)).not.toContain("reuse");
    });
  });
}

describe("rotation with data in the cookie", () => {
  it("does not hand out older data than the answer that is on its way", async () => {
    const { browser, clock } = await loggedIn({}, "tracked");
    await browser.visit((session) => {
      session.data.cart = 0;
    });
    clock.advance(HOUR);
    const rotating = await browser.send((session) => {
      session.data.cart = 1;
    });
    const parallel = await browser.send(); // still has the predecessor
    await browser.keep(rotating);
    await browser.keep(parallel);
    expect((await browser.visit((session) => session.data.cart)).value).toBe(1);
  });

  it("is left to the next request when another one has just changed the data", async () => {
    const { browser, clock, sessions, events } = await loggedIn({}, "tracked");
    clock.advance(HOUR - 1);
    const [changing, reading] = [await browser.open(), await browser.open()];
    changing.data.cart = 1;
    const newer = await sessions.commit(changing);
    clock.advance(1);
    expect((await sessions.commit(reading)).filter(({ name }) => name === "set-cookie")).toEqual([]);
    expect(rotations({ events })).toBe(0);
    const next = await sessions.open(requestWith(cookieOf(newer)));
    expect(next.data.cart).toBe(1);
    await sessions.commit(next);
    expect(rotations({ events })).toBe(1);
  });
});

describe("rotation over another transport", () => {
  it("hands the new token to an API client in a header", async () => {
    const { sessions, clock } = openSite({ transports: [headerTransport()], lifetime: "30d", idle: "30d" });
    const send = async (token?: string) => {
      const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
      const session = await sessions.open(new Request("https://api.example/", { headers }));
      if (!token) await session.login("ann");
      const operations = await sessions.commit(session);
      const given = operations.find(({ name }) => name === "session-token")?.value;
      return { userId: session.userId, given, vary: operations.find(({ name }) => name === "vary")?.value };
    };
    const { given: first, vary } = await send();
    expect(vary).toBe("authorization");
    clock.advance(HOUR);
    const rotated = await send(first);
    expect(rotated.userId).toBe("ann");
    expect(rotated.given).toBeDefined();
    expect(rotated.given).not.toBe(first);
    expect(await send(rotated.given)).toMatchObject({ userId: "ann", given: undefined });
    expect(await send(first)).toMatchObject({ userId: "ann", given: undefined });
  });
});
