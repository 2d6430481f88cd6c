/** Sessions that move from a store of express-session to one of ours, request by request. */
import session from "express-session";
import { describe, expect, it } from "vitest";
import { toExpressStore } from "../../../src/stores/express-session.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { gate } from "../../support/client.ts";
import { sessionIn, startApplication } from "../../support/express-session.ts";
import { start, stored } from "./express-session-site.ts";

describe("the previous store of toExpressStore()", () => {
  /** Two applications with one secret: before the change of the store, and after. */
  async function change() {
    const previous = new session.MemoryStore();
    const before = await startApplication({ store: previous }, (app) => {
      app.get("/set/:key", (req, res) => {
        sessionIn(req)[req.params.key as "n1"] = 1;
        res.end();
      });
    });
    const old = before.browser();
    await old.get("/set/n0");
    before.close();
    const after = await start({}, { previous });
    after.browser.cookie = old.cookie;
    const left = (): string[] => Object.keys((previous as unknown as { sessions: object }).sessions);
    return { ...after, previous, left };
  }

  it("is where a session is found, and what it is moved from by its first request", async () => {
    const { browser, inner, left } = await change();
    expect(await browser.get("/")).toMatchObject({ text: '{"n0":1}', setCookie: false });
    expect(await stored(inner, browser.sid)).toMatchObject({ n0: 1 });
    expect(left()).toEqual([]);
    await browser.get("/set/n1");
    expect((await browser.get("/")).text).toBe('{"n0":1,"n1":1}');
  });

  it("gives one session to many first requests at once", async () => {
    const { browser, left } = await change();
    await Promise.all([1, 2, 3, 4, 5].map((index) => browser.get(`/set/n${index}`)));
    expect(Object.keys(JSON.parse((await browser.get("/")).text)).sort()).toEqual(["n0", "n1", "n2", "n3", "n4", "n5"]);
    expect(left()).toEqual([]);
  });

  it("hides it from nobody while it moves", async () => {
    const { browser, twin, previous } = await change();
    const late = twin();
    const held = gate();
    const { get } = previous;
    previous.get = function (sid, callback) {
      previous.get = get;
      void held.pass().then(() => get.call(this, sid, callback));
    };
    const answer = late.get("/");
    await held.arrived;
    await browser.get("/");
    held.open();
    expect((await answer).text).toBe('{"n0":1}');
  });

  it("does not bring back what was destroyed while the first request was under way", async () => {
    const { browser, twin, slow, inner, left } = await change();
    const late = twin();
    const { sid } = browser;
    const answer = late.get("/slow/n1");
    await slow.arrived;
    await browser.get("/logout");
    slow.open();
    await answer;
    expect([await stored(inner, sid), left()]).toEqual([null, []]);
  });

  it("nor what was destroyed after it had moved", async () => {
    const { browser, twin, slow, inner, left } = await change();
    const late = twin();
    const { sid } = browser;
    const answer = late.get("/slow/n1");
    await slow.arrived;
    await browser.get("/set/n2");
    await browser.get("/logout");
    slow.open();
    await answer;
    expect([await stored(inner, sid), left()]).toEqual([null, []]);
  });

  it("nor what moves while it is destroyed", async () => {
    const { browser, twin, slow, previous, inner, left } = await change();
    const late = twin();
    const { sid } = browser;
    const answer = late.get("/slow/n1");
    await slow.arrived;
    const held = gate();
    const { destroy } = previous;
    previous.destroy = function (id, callback) {
      previous.destroy = destroy;
      void held.pass().then(() => destroy.call(this, id, callback));
    };
    const logout = browser.get("/logout");
    await held.arrived;
    slow.open();
    await answer;
    held.open();
    await logout;
    expect([await stored(inner, sid), left()]).toEqual([null, []]);
  });

  it("that fails is a failure, and not the end of a session", async () => {
    const { browser, previous } = await change();
    const { get } = previous;
    previous.get = (_sid, callback) => callback(new Error("down"));
    expect(await browser.get("/")).toMatchObject({ status: 503, setCookie: false });
    previous.get = get;
    expect((await browser.get("/")).text).toBe('{"n0":1}');
  });
});

describe("the first step of a roll-out, moves: false", () => {
  /** A process of before, one of the first step and one of the second, over the same two stores. */
  async function rollOut() {
    const [previous, next] = [new session.MemoryStore(), memoryStore()];
    const routes: Parameters<typeof startApplication>[1] = (app) => {
      app.get("/set/:key", (req, res) => {
        sessionIn(req)[req.params.key as "n1"] = 1;
        res.end();
      });
      app.get("/logout", (req, res) => {
        sessionIn(req).destroy(() => res.end());
      });
      app.get("/", (req, res) => {
        const { cookie: _, ...data } = sessionIn(req);
        res.end(Object.keys(data).sort().join());
      });
    };
    const open = (store: session.Store) => startApplication({ store }, routes);
    const old = await open(previous);
    const first = await open(toExpressStore(next, session, { previous, moves: false }));
    const second = await open(toExpressStore(next, session, { previous }));
    /** One browser, which the load balancer sends to any of them. */
    const browser = old.browser();
    const at = async (process: typeof old, path: string): Promise<string> => {
      const there = process.browser();
      there.cookie = browser.cookie;
      const { text } = await there.get(path);
      browser.cookie = there.cookie;
      return text;
    };
    return { previous, next, old, first, second, at };
  }

  it("logs nobody out who is sent to old processes and new ones in turn", async () => {
    const { next, old, first, at } = await rollOut();
    await at(old, "/set/n1");
    await at(first, "/set/n2");
    await at(old, "/set/n3");
    expect([await at(first, "/"), await at(old, "/")]).toEqual(["n1,n2,n3", "n1,n2,n3"]);
    expect(next.size).toBe(0);
    await at(first, "/logout");
    expect(await at(old, "/")).toBe("");
  });

  it("makes new sessions where old processes find them", async () => {
    const { old, first, at } = await rollOut();
    await at(first, "/set/n1");
    expect(await at(old, "/")).toBe("n1");
  });

  it("and finds what a process of the second step has moved", async () => {
    const { next, first, second, at } = await rollOut();
    await at(first, "/set/n1");
    await at(second, "/set/n2");
    expect(next.size).toBe(1);
    await at(first, "/set/n3");
    expect([await at(first, "/"), await at(second, "/")]).toEqual(["n1,n2,n3", "n1,n2,n3"]);
    await at(first, "/logout");
    expect([await at(second, "/"), next.size]).toEqual(["", 0]);
  });

  it("is for a store that has a previous one", () => {
    expect(() => toExpressStore(memoryStore(), session, { moves: false })).toThrow('Option "moves"');
  });
});
