/** Requests under way while their session ends: toExpressStore() does not bring it back, and what does. */
import session from "express-session";
import { createStorage } from "unstorage";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryStore } from "../../../src/stores/memory.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import type { Store } from "../../../src/stores/store.ts";
import { unstorageStore } from "../../../src/stores/unstorage.ts";
import { gate } from "../../support/client.ts";
import { sessionIn, startApplication } from "../../support/express-session.ts";
import { keyOf, start } from "./express-session-site.ts";

describe.each<[string, () => Store]>([
  ["memory", () => memoryStore()],
  ["SQLite", () => sqliteStore(":memory:")],
  ["unstorage", () => unstorageStore(createStorage())],
])("a request under way, over %s,", (_, open) => {
  it("does not bring back a session that was destroyed while a request was under way", async () => {
    const { browser, twin, slow, inner } = await start({}, {}, open());
    await browser.get("/set/n0");
    const { sid } = browser;
    const late = twin();
    const answer = late.get("/slow/n1");
    await slow.arrived;
    await browser.get("/logout");
    slow.open();
    expect((await answer).text).toBe("slow");
    expect(await inner.get(keyOf(sid))).toBeNull();
    expect((await late.get("/")).text).toBe("{}");
  });

  it("does not bring back a session that was only read meanwhile, nor with resave and rolling", async () => {
    const { browser, twin, slow, inner } = await start(
      { resave: true, rolling: true, cookie: { maxAge: 60_000 } },
      {},
      open(),
    );
    await browser.get("/set/n0");
    const { sid } = browser;
    const late = twin();
    const answer = late.get("/read-slowly");
    await slow.arrived;
    await browser.get("/logout");
    slow.open();
    await answer;
    expect(await inner.get(keyOf(sid))).toBeNull();
  });

  it("does not bring back the session that a login replaced", async () => {
    const { browser, twin, slow, inner } = await start({}, {}, open());
    await browser.get("/set/n0");
    const before = browser.sid;
    const late = twin();
    const answer = late.get("/slow/n1");
    await slow.arrived;
    await browser.get("/login");
    slow.open();
    await answer;
    expect(browser.sid).not.toBe(before);
    expect(await inner.get(keyOf(before))).toBeNull();
    expect((await browser.get("/")).text).toBe('{"user":"ann"}');
  });
});

it("express-session's own store does bring back what was destroyed", async () => {
  const inner = new session.MemoryStore();
  const slow = gate();
  const application = await startApplication({ store: inner }, (app) => {
    app.get("/slow", async (req, res) => {
      sessionIn(req).n1 = 1;
      if (req.query.wait) {
        sessionIn(req).n2 = 2;
        await slow.pass();
      }
      res.end();
    });
    app.get("/logout", (req, res) => void sessionIn(req).destroy(() => res.end()));
  });
  onTestFinished(() => application.close());
  const browser = application.browser();
  await browser.get("/slow");
  const late = browser.get("/slow?wait=1");
  await slow.arrived;
  await browser.get("/logout");
  slow.open();
  await late;
  expect(Object.keys((inner as unknown as { sessions: object }).sessions)).toEqual([browser.sid]);
});
