/**
 * While the store is down nobody is logged in or out, no cookie is touched, and nothing that was not stored is claimed.
 */
import { describe, expect, it } from "vitest";
import { isSessionError, type Session } from "../../src/index.ts";
import type { StoreVerb } from "../../src/testing/index.ts";
import { type AnyData, anotherServer, openSite, type Site, Visitor } from "../support/visitor.ts";

const TIMEOUT = 40;

/** @param inSteps The store cannot put a session in the place of another in one step. */
async function loggedIn(
  options: Parameters<typeof openSite>[0] = {},
  mode: "server" | "tracked" = "server",
  inSteps = false,
) {
  const site = openSite({ storeTimeout: TIMEOUT, ...options }, mode, inSteps);
  const browser = site.visitor();
  await browser.visit(async (session) => {
    session.data.kept = true;
    await session.login("ann");
  });
  site.instrument.resetCalls();
  return { ...site, browser };
}

type Step = (session: Session<AnyData>) => unknown;

/** What a request does, and the store's verbs that it needs. */
const requests: Record<string, [Step, readonly StoreVerb[]]> = {
  "a read": [() => {}, ["get"]],
  "a change": [(session) => (session.data.n = 1), ["get", "update"]],
  "an update": [(session) => session.update("n", () => 1), ["get", "update"]],
  "a login": [(session) => session.login("bob"), ["get", "epoch", "replace"]],
  "a logout": [(session) => session.logout(), ["get", "update"]],
  "a destroy": [(session) => session.destroy(), ["get", "update"]],
  "a rotate": [(session) => session.rotate(), ["get", "replace"]],
  "a reauthenticate": [(session) => session.reauthenticate(), ["get", "replace"]],
};

for (const mode of ["server", "tracked"] as const) {
  for (const [name, [step, verbs]] of Object.entries(requests)) {
    if (mode === "tracked" && name === "an update") continue;
    for (const verb of verbs) {
      for (const how of ["fail", "fail after", "hang"] as const) {
        // An insert whose answer was lost is looked up: it has taken effect.
        if (verb === "replace" && how === "fail after") continue;
        it(`${name} in mode ${mode} while \`${verb}\` ${how}s: 503, no cookie, in time, and all is well again after`, async () => {
          const { browser, instrument, events } = await loggedIn({}, mode);
          const before = await browser.cookies();
          if (how === "hang") instrument.hang(verb);
          else instrument.fail(verb, { when: how === "fail" ? "before" : "after" });
          const started = performance.now();
          const { response, setCookies } = await browser.visit(step);
          // A login that fails in its second step takes one more call to undo the first.
          expect(performance.now() - started).toBeLessThan(3 * TIMEOUT + 30_000);
          expect([response.status, setCookies, response.headers.get("retry-after")]).toEqual([503, [], "1"]);
          expect(response.headers.get("cache-control")).toBe("no-store");
          expect(events.find(({ type }) => type === "outage")).toMatchObject({ store: "memory", verb });
          instrument.restore();
          expect(await browser.cookies()).toBe(before);
          const after = await browser.visit((session) => session.userId);
          expect(after.response.status).toBe(200);
          // Whether a write took effect whose answer was lost, nobody can know; a verb that did not is as if it never was.
          if (how === "fail") expect(after.value).toBe("ann");
          if (after.value !== undefined) expect(after.value).toBe("ann");
        });
      }
    }
  }
}

describe("the first write of a session", () => {
  it("that fails sends no cookie", async () => {
    for (const how of ["fail", "hang"] as const) {
      const { visitor, instrument } = openSite({ storeTimeout: TIMEOUT });
      instrument[how]("create");
      const { response, setCookies } = await visitor().visit((session) => {
        session.data.a = 1;
      });
      expect([response.status, setCookies]).toEqual([503, []]);
      instrument.restore();
    }
  });
});

for (const mode of ["server", "tracked"] as const) {
  for (const verb of ["login", "rotate", "reauthenticate"] as const) {
    it(`a ${verb} in mode ${mode} whose answer from the store was lost has taken effect`, async () => {
      const { browser, instrument, sessions } = await loggedIn({}, mode);
      instrument.fail("replace", { when: "after" });
      const { response, setCookies } = await browser.visit((session) =>
        verb === "login" ? session.login("ann") : session[verb](),
      );
      expect([response.status, setCookies.length]).toEqual([200, 1]);
      instrument.restore();
      expect((await browser.visit((session) => [session.userId, session.data.kept])).value).toEqual(["ann", true]);
      expect((await sessions.list("ann")).items).toHaveLength(1);
    });
  }
}

describe("a login whose second step fails", () => {
  for (const how of ["fail", "hang"] as const) {
    it(`(${how}) leaves nothing valid`, async () => {
      const { browser, instrument, sessions } = await loggedIn({}, "server", true);
      instrument[how]("update");
      const { value } = await browser.visit((session) => session.login("bob").catch((error) => error.code));
      expect(value).toBe("SOJOURN_STORE_UNAVAILABLE");
      instrument.restore();
      expect((await sessions.list("bob")).items).toEqual([]);
      const after = await browser.visit((session) => [session.userId, session.data.kept]);
      // A burial that the store carries out after all, when it no longer hangs, ends the old session too.
      expect(after.value).toEqual(how === "fail" ? ["ann", true] : [undefined, undefined]);
    });
  }

  it("leaves a session that can be logged in again, in the same request", async () => {
    const { browser, instrument, sessions } = await loggedIn({}, "server", true);
    instrument.fail("update", { times: 1 });
    await browser.visit(async (session) => {
      await session.login("bob").catch(() => {});
      expect(session.userId).toBe("ann");
      await session.login("bob");
    });
    expect((await sessions.list("ann")).items).toEqual([]);
    expect((await browser.visit((session) => session.userId)).value).toBe("bob");
  });
});

describe("a logout that could not be stored", () => {
  it("says so, keeps the cookie, and can be tried again", async () => {
    const { browser, instrument } = await loggedIn();
    instrument.fail("update");
    const failed = await browser.visit((session) => session.logout().catch((error) => [error.code, error.status]));
    expect([failed.value, failed.setCookies]).toEqual([["SOJOURN_STORE_UNAVAILABLE", 503], []]);
    instrument.restore();
    expect((await browser.visit((session) => session.userId)).value).toBe("ann");
    await browser.visit((session) => session.logout());
    expect((await browser.visit((session) => session.userId)).value).toBeUndefined();
  });

  it("never leaves a session that works after it said that it worked", async () => {
    const { browser, instrument } = await loggedIn();
    const thief = await browser.copy();
    instrument.fail("update", { when: "after" });
    const { value } = await browser.visit((session) =>
      session.logout().then(
        () => "done",
        () => "failed",
      ),
    );
    instrument.restore();
    expect(value).toBe("failed");
    expect((await thief.visit((session) => session.userId)).value).toBeUndefined();
    const again = await browser.visit((session) => session.isNew);
    expect([again.value, again.setCookies]).toEqual([true, []]);
  });
});

describe('onOutage: "anonymous"', () => {
  it("serves pages anonymously, touches no cookie, and refuses every write", async () => {
    const { browser, instrument } = await loggedIn({ onOutage: "anonymous" });
    instrument.fail(["get", "create", "update", "epoch", "admit", "replace", "delete", "touch"]);
    const page = await browser.visit((session) => [
      session.userId,
      session.isNew,
      { ...session.data },
      session.flashes(),
      session.readOnly,
    ]);
    expect([page.response.status, page.value, page.setCookies]).toEqual([200, [undefined, true, {}, [], true], []]);
    const writes: Step[] = [
      (session) => session.login("bob"),
      (session) => session.logout(),
      (session) => session.destroy(),
      (session) => session.rotate(),
      (session) => session.update("n", () => 1),
      (session) => session.flash("info", "lost"),
      (session) => {
        session.data = { lost: true };
      },
    ];
    for (const write of writes) {
      const { value } = await browser.visit(async (session) => {
        try {
          await write(session);
        } catch (error) {
          return isSessionError(error, "SOJOURN_STORE_UNAVAILABLE");
        }
        return false;
      });
      expect(value).toBe(true);
    }
    const changed = await browser.visit((session) => {
      session.data.lost = true;
    });
    expect([changed.response.status, changed.setCookies]).toEqual([503, []]);
    instrument.restore();
    expect((await browser.visit((session) => session.userId)).value).toBe("ann");
  });

  it("serves a page with a form: a CSRF token and an id are no write", async () => {
    const { browser, instrument } = await loggedIn({ onOutage: "anonymous" });
    instrument.fail("get");
    const { response, value, setCookies } = await browser.visit(async (session) => {
      expect(session.id).toHaveLength(43);
      return (await session.csrfToken()).length;
    });
    expect([response.status, value, setCookies]).toEqual([200, 86, []]);
  });

  it("is for the store's failures only", async () => {
    const { sessions } = openSite({ onOutage: "anonymous" });
    const header = (): never => {
      throw new TypeError("the adapter is broken");
    };
    await expect(sessions.open({ method: "GET", url: "/", header })).rejects.toThrow("the adapter is broken");
  });
});

describe("an outage", () => {
  it("is told with the store's own error, once for each call, and no secret is in our message", async () => {
    const { browser, instrument, events } = await loggedIn();
    const cause = new Error("connect ECONNREFUSED 10.0.0.1:6379");
    instrument.fail("get", { error: cause });
    const token = (await browser.cookies()).split("=")[1] as string;
    const error = await browser.open().catch((failed: unknown) => failed as Error);
    expect(events.filter(({ type }) => type === "outage")).toEqual([
      { type: "outage", store: "memory", verb: "get", error: cause },
    ]);
    expect(error).toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE", status: 503, cause });
    expect(`${(error as Error).stack}`).not.toContain(token);
  });

  it("in which the store answers late does not bring the late answer back", async () => {
    const { browser, instrument, inner } = await loggedIn();
    const thief = await browser.copy();
    const gate = instrument.hold("update");
    const late = browser.visit((session) => {
      session.data.late = true;
    });
    await gate.reached;
    expect((await late).response.status).toBe(503);
    await browser.visit((session) => session.logout());
    gate.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect((await inner.list("ann")).items).toEqual([]);
    expect((await thief.visit((session) => session.userId)).value).toBeUndefined();
  });
});

describe("a store whose client sends a call again, the first answer being lost", () => {
  async function openTwice(verb: "create" | "admit", between: (site: Site) => unknown = () => {}) {
    const site = openSite();
    const store = new Proxy(site.inner, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        if (name !== verb) return value.bind(target);
        return async (...args: unknown[]) => {
          await value.apply(target, args);
          await between(site);
          return value.apply(target, args);
        };
      },
    });
    const sessions = anotherServer({ ...site, instrument: { ...site.instrument, store } });
    return { ...site, browser: new Visitor(sessions) };
  }

  it("has logged in once, and says so", async () => {
    const { browser, inner } = await openTwice("admit");
    expect((await browser.visit((session) => session.login("ann"))).setCookies).toHaveLength(1);
    await browser.visit((session) => session.update("n", () => 1));
    expect((await browser.visit((session) => [session.userId, session.data.n])).value).toEqual(["ann", 1]);
    expect(inner.size).toBe(1);
  });

  it("has not logged in when the user was revoked in between", async () => {
    const { browser, inner } = await openTwice("admit", (site) => site.inner.deleteAll("ann"));
    const { value } = await browser.visit((session) => session.login("ann").catch((error) => error.code));
    expect([value, inner.size]).toEqual(["SOJOURN_REVOKED", 0]);
  });

  it("has given a new id once, and can write to it", async () => {
    const { browser } = await openTwice("create");
    await browser.visit((session) => {
      session.data.n = 1;
    });
    await browser.visit((session) => session.rotate());
    await browser.visit((session) => session.update("n", (n) => n + 1));
    expect((await browser.visit((session) => session.data.n)).value).toBe(2);
  });
});
