/**
 * Sessions of users, from outside: listed, limited, ended, under races.
 */
import { describe, expect, it } from "vitest";
import type { Session } from "../../src/index.ts";
import { type AnyData, anotherServer, openSite, requestWith, type Site, type Visitor } from "../support/visitor.ts";

const userOf = async (visitor: Visitor): Promise<string | undefined> =>
  (await visitor.visit((session) => session.userId)).value;

async function login({ visitor }: Pick<Site, "visitor">, userId: string): Promise<Visitor> {
  const browser = visitor();
  await browser.visit((session) => session.login(userId));
  return browser;
}

/** Where so many wait for each other. */
function meeting(size: number): { readonly arrived: Promise<void>; arrive(): void } {
  let missing = size;
  let open = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    open = resolve;
  });
  const arrive = (): void => {
    missing -= 1;
    if (missing === 0) open();
  };
  return { arrived, arrive };
}

for (const mode of ["server", "tracked"] as const) {
  describe(`in mode ${mode}`, () => {
    it("list() tells a user's devices, oldest first, without anything that could be used", async () => {
      const site = openSite({}, mode);
      const agents = ["Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0", "curl/8.5.0"];
      const cookies: string[] = [];
      for (const agent of agents) {
        const browser = site.visitor();
        const init = { headers: { "user-agent": agent } };
        await browser.visit((session) => session.login("ann", { factors: ["pwd", "otp"] }), init);
        cookies.push((await browser.cookies()).split("=")[1] as string);
        site.clock.advance(60_000);
      }
      await login(site, "bob");
      const { items } = await site.sessions.list("ann");
      expect(items.map(({ device, factors, userId }) => [device?.browser, device?.system, factors, userId])).toEqual([
        ["Firefox", "Linux", ["pwd", "otp"], "ann"],
        ["curl", undefined, ["pwd", "otp"], "ann"],
      ]);
      expect((items[1]?.createdAt.getTime() ?? 0) - (items[0]?.createdAt.getTime() ?? 0)).toBe(60_000);
      for (const cookie of cookies) expect(JSON.stringify(items)).not.toContain(cookie.slice(2, 20));
      const name = "__Host-Http-session";
      for (const { id } of items) {
        expect((await site.sessions.open(requestWith(`${name}=${id}`))).userId).toBeUndefined();
      }
    });

    it("list() and listAll() go page by page, and do not show replaced or ended sessions", async () => {
      const site = openSite({}, mode);
      for (let device = 0; device < 5; device++) {
        const browser = await login(site, "ann");
        await browser.visit((session) => session.rotate());
      }
      await (await login(site, "ann")).visit((session) => session.logout());
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await site.sessions.list("ann", { limit: 2, cursor });
        found.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor);
      expect(new Set(found).size).toBe(5);
      const everybody: string[] = [];
      do {
        const page = await site.sessions.listAll({ limit: 2, cursor });
        everybody.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor);
      expect(everybody.sort()).toEqual(found.sort());
    });

    it("revoke() ends one, says whether there was one, and stays harmless for what is no id", async () => {
      const site = openSite({}, mode);
      const [here, there] = [await login(site, "ann"), await login(site, "ann")];
      const { id } = await there.open();
      expect(await site.sessions.revoke(id)).toBe(true);
      expect(await site.sessions.revoke(id)).toBe(false);
      expect([await userOf(here), await userOf(there)]).toEqual(["ann", undefined]);
      for (const odd of ["", "__proto__", "../../etc", "x".repeat(10_000), "\u0000"]) {
        expect(await site.sessions.revoke(odd)).toBe(false);
        expect(await site.sessions.get(odd)).toBeNull();
      }
    });

    it("what is asked for by no id at all is nothing, and by no user a mistake", async () => {
      const { sessions, events } = openSite({}, mode);
      for (const odd of [undefined, null, 5, {}] as unknown[] as string[]) {
        expect([await sessions.get(odd), await sessions.revoke(odd)]).toEqual([null, false]);
        for (const verb of ["list", "revokeUser"] as const)
          await expect(sessions[verb](odd)).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      }
      expect(events).toEqual([]);
    });

    it("revokeOthers() spares this session, and revokeUser() none", async () => {
      const site = openSite({}, mode);
      const [here, there, bob] = [await login(site, "ann"), await login(site, "ann"), await login(site, "bob")];
      const { value } = await here.visit((session) => site.sessions.revokeOthers(session));
      expect(value).toBe(1);
      expect([await userOf(here), await userOf(there), await userOf(bob)]).toEqual(["ann", undefined, "bob"]);
      expect(site.events).toContainEqual({ type: "revoked", userId: "ann", count: 1 });
      expect(await site.sessions.revokeUser("ann")).toBe(1);
      expect(await userOf(here)).toBeUndefined();
      const anonymous = await site.visitor().open();
      await expect(site.sessions.revokeOthers(anonymous)).rejects.toMatchObject({ code: "SOJOURN_NOT_AUTHENTICATED" });
    });

    it("revokeUser() and revokeAll() end more than one slice", async () => {
      for (const everybody of [true, false]) {
        const site = openSite({}, mode);
        const { sessions } = site;
        await Promise.all(
          Array.from({ length: 1_100 }, async () => {
            const session = await sessions.open(requestWith());
            await session.login("ann");
          }),
        );
        expect(await (everybody ? sessions.revokeAll() : sessions.revokeUser("ann"))).toBe(1_100);
        expect((await sessions.list("ann")).items).toEqual([]);
      }
    });

    it("a login that was under way when the user was revoked is revoked, wherever it stood", async () => {
      for (const [verb, when] of [
        ["admit", "before"],
        ["admit", "after"],
        ["epoch", "after"],
      ] as const) {
        const site = openSite({}, mode);
        const browser = site.visitor();
        const gate = site.instrument.hold(verb, { when });
        const late = browser.visit((session) => session.login("ann").catch((error) => error.code));
        await gate.reached;
        await site.sessions.revokeUser("ann");
        gate.release();
        await late;
        expect((await site.sessions.list("ann")).items).toEqual([]);
        expect(await userOf(browser)).toBeUndefined();
      }
    });

    it("no verb under way carries a session on that was revoked meanwhile", async () => {
      const steps: Record<string, (session: Session<AnyData>) => unknown> = {
        change: (session) => (session.data.n = 1),
        update: (session) => session.update("n", () => 1),
        flash: (session) => session.flash("info", "late"),
        rotate: (session) => session.rotate(),
        reauthenticate: (session) => session.reauthenticate(),
      };
      for (const [name, step] of Object.entries(steps)) {
        for (const verb of ["get", "epoch", "replace", "update"] as const) {
          for (const when of ["before", "after"] as const) {
            const site = openSite({}, mode);
            const browser = await login(site, "ann");
            const thief = await browser.copy();
            const { id } = await browser.open();
            const gate = site.instrument.hold(verb, { when });
            const late = browser.visit(async (session) => {
              await Promise.resolve(step(session)).catch(() => {});
            });
            const reached = await Promise.race([gate.reached.then(() => true), late.then(() => false)]);
            if (!reached) gate.release();
            await site.sessions.revoke(id);
            gate.release();
            await late;
            const left = (await site.sessions.list("ann")).items;
            expect([name, verb, when, left, await userOf(thief), await userOf(browser)]).toEqual([
              name,
              verb,
              when,
              [],
              undefined,
              undefined,
            ]);
          }
        }
      }
    });

    it("two logins that end each other leave one, and its cookie", async () => {
      const site = openSite({}, mode);
      const browser = site.visitor();
      const alone = async (session: Session<AnyData>): Promise<unknown> => {
        await session.login("ann");
        both.arrive();
        await both.arrived;
        return site.sessions.revokeOthers(session).catch((error) => error.code);
      };
      const both = meeting(2);
      const answers = await Promise.all([browser.send(alone), browser.send(alone)]);
      expect(answers.map(({ value }) => value).sort()).toEqual([1, "SOJOURN_REVOKED"]);
      // The loser's answer arrives last.
      answers.sort((a) => (a.value === 1 ? -1 : 1));
      for (const answer of answers) await browser.keep(answer);
      expect(await userOf(browser)).toBe("ann");
    });

    it("maxSessionsPerUser holds exactly under parallel logins: the oldest go", async () => {
      const site = openSite({ maxSessionsPerUser: 3 }, mode);
      const first = await login(site, "ann");
      site.clock.advance(1_000);
      const gates = Array.from({ length: 6 }, () => site.instrument.hold("admit"));
      const logins = gates.map(() => login(site, "ann"));
      for (const gate of gates) await gate.reached;
      for (const gate of gates) gate.release();
      const browsers = await Promise.all(logins);
      const alive = await Promise.all(browsers.map(userOf));
      expect(alive.filter((user) => user === "ann")).toHaveLength(3);
      expect(await userOf(first)).toBeUndefined();
      expect((await site.sessions.list("ann")).items).toHaveLength(3);
      expect(site.events.filter((event) => event.type === "destroyed" && event.reason === "limit")).toHaveLength(4);
    });

    it("maxSessionsPerUser holds for a login in place of a session that ended meanwhile", async () => {
      const site = openSite({ maxSessionsPerUser: 1 }, mode);
      const browser = await login(site, "ann");
      // The form is sent twice, by who is logged in already.
      const gates = [site.instrument.hold("replace"), site.instrument.hold("replace")];
      const tabs = gates.map(() => browser.visit((session) => session.login("ann")));
      for (const gate of gates) await gate.reached;
      for (const gate of gates) gate.release();
      await Promise.all(tabs);
      expect((await site.sessions.list("ann")).items).toHaveLength(1);

      const slow = await browser.open();
      const newest = await login(site, "ann");
      await slow.login("ann");
      const { items } = await site.sessions.list("ann");
      expect([items.map(({ id }) => id), await userOf(newest)]).toEqual([[slow.id], undefined]);

      const strict = anotherServer(site, { maxSessionsPerUser: 1, onLimit: "reject" }, mode);
      const cookie = (await strict.commit(slow)).find(({ name }) => name === "set-cookie")?.value.split(";")[0];
      const late = await strict.open(requestWith(cookie));
      expect(late.userId).toBe("ann");
      await site.sessions.revokeUser("ann");
      await login(site, "ann");
      // It has revoked the user itself, so to say: its login counts from now.
      site.clock.advance(1);
      await expect(late.login("ann", { since: site.clock() })).rejects.toMatchObject({ code: "SOJOURN_SESSION_LIMIT" });
      expect((await site.sessions.list("ann")).items).toHaveLength(1);
    });

    it('maxSessionsPerUser with "reject" refuses the new one, and changes nothing', async () => {
      const site = openSite({ maxSessionsPerUser: 2, onLimit: "reject" }, mode);
      const browsers = [await login(site, "ann"), await login(site, "ann")];
      const third = site.visitor();
      await third.visit((session) => {
        session.data.cart = ["a"];
      });
      const { value } = await third.visit((session) =>
        session.login("ann").catch((error) => [error.code, error.status]),
      );
      expect(value).toEqual(["SOJOURN_SESSION_LIMIT", 409]);
      expect((await third.visit((session) => [session.userId, session.data])).value).toEqual([
        undefined,
        { cart: ["a"] },
      ]);
      expect(await Promise.all(browsers.map(userOf))).toEqual(["ann", "ann"]);
      const [first] = browsers as [Visitor];
      for (const verb of ["reauthenticate", "rotate"] as const) await first.visit((session) => session[verb]());
      await first.visit((session) => session.login("ann"));
      expect(await userOf(first)).toBe("ann");
      await first.visit((session) => session.logout());
      await third.visit((session) => session.login("ann"));
      expect(await userOf(third)).toBe("ann");
    });
  });
}

describe("a damaged record", () => {
  it("is listed, makes its client anonymous, and can be revoked", async () => {
    const site = openSite();
    const browser = await login(site, "ann");
    const { id } = await browser.open();
    const row = await site.inner.get(id);
    if (!row) throw new Error("the row must be there");
    await site.inner.update(id, { ...row, payload: "{]" }, row.version);
    expect(await userOf(browser)).toBeUndefined();
    expect(site.events.at(-1)).toEqual({ type: "rejected", id, reason: "corrupt" });
    expect((await site.sessions.list("ann")).items).toMatchObject([{ id, userId: "ann", factors: [] }]);
    expect(await site.sessions.get(id)).toBeNull();
    expect(await site.sessions.revoke(id)).toBe(true);
    expect((await site.sessions.list("ann")).items).toEqual([]);
  });
});

describe("two processes over one store", () => {
  it("see each other's logins, rotations and ends at once", async () => {
    const site = openSite();
    const there = anotherServer(site);
    const browser = await login(site, "ann");
    const elsewhere = await browser.copy(there);
    expect(await userOf(elsewhere)).toBe("ann");
    await elsewhere.visit((session) => session.update("n", () => 1));
    expect((await browser.visit((session) => session.data.n)).value).toBe(1);
    await there.revokeUser("ann");
    expect(await userOf(browser)).toBeUndefined();
  });
});

describe("sessions.get()", () => {
  it("gives a session that can be read, changed and ended, but handed to nobody", async () => {
    const site = openSite();
    const browser = await login(site, "ann");
    const found = await site.sessions.get((await browser.open()).id);
    if (!found) throw new Error("the session must be there");
    expect([found.userId, found.isNew, found.data]).toEqual(["ann", false, {}]);
    for (const verb of ["login", "rotate", "reauthenticate"] as const) {
      const call = verb === "login" ? found.login("bob") : found[verb]();
      await expect(call).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
    }
    await expect(found.csrfToken()).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
    expect(await found.verifyCsrfToken("A".repeat(86))).toBe(false);
    expect(await found.update("n", (n = 0) => n + 1)).toBe(1);
    await found.destroy();
    expect(await userOf(browser)).toBeUndefined();
    expect(await site.sessions.get(found.id)).toBeNull();
  });

  it("does not prolong the session", async () => {
    const site = openSite({ idle: "1h" });
    const browser = await login(site, "ann");
    const { id } = await browser.open();
    const before = (await site.inner.get(id))?.expiresAt;
    site.clock.advance(30 * 60_000);
    const found = await site.sessions.get(id);
    await found?.update("n", () => 1);
    if (found) await site.sessions.commit(found);
    expect((await site.inner.get(id))?.expiresAt).toBe(before);
  });
});
