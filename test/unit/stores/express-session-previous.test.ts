/** Sessions that move from a store of express-session to one of ours, request by request. */
import session from "express-session";
import { describe, expect, it } from "vitest";
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
