/** `sojourn/client` in tabs of a browser whose clock the test moves. */
import { describe, expect, it } from "vitest";
import { live, NOBODY, Stage, settle } from "./stage.ts";

const MINUTE = 60_000;

it("is loading until the endpoint has answered, and says then who is there", async () => {
  const stage = new Stage();
  live(stage);
  const first = stage.tab();
  const tab = await first;
  expect(tab.get()).toEqual({
    status: "user",
    userId: "ann",
    public: null,
    level: "aal1",
    because: null,
    warning: false,
    left: 10 * MINUTE,
    endsBy: "idle",
  });
});

it("gives the same object while nothing changes, and tells each change once", async () => {
  const stage = new Stage();
  stage.answer = () => NOBODY;
  const tab = await stage.tab();
  let told = 0;
  const stop = tab.subscribe(() => told++);
  const before = tab.get();
  await tab.refresh();
  expect([tab.get() === before, told]).toEqual([true, 0]);
  live(stage);
  await tab.refresh();
  expect([tab.get().status, told]).toEqual(["user", 1]);
  stop();
  stage.answer = () => NOBODY;
  await tab.refresh();
  expect(told).toBe(1);
});

describe("towards the end", () => {
  it("asks once before it warns, counts the seconds, and says that it is over when the server does", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab({ warnBefore: 2 * MINUTE });
    await stage.pass(8 * MINUTE - 1);
    expect([stage.count("GET"), tab.get().warning]).toEqual([1, false]);
    await stage.pass(1);
    expect([stage.count("GET"), tab.get().warning, tab.get().left]).toEqual([2, true, 2 * MINUTE]);
    await stage.pass(30_500);
    expect(tab.get().left).toBe(90_000);
    await stage.pass(89_499);
    expect(tab.get()).toMatchObject({ status: "user", left: 1_000 });
    await stage.pass(1);
    expect(tab.get()).toMatchObject({ status: "anonymous", because: "ended", left: null, warning: false });
    expect(stage.count("POST")).toBe(0);
    expect(stage.timers).toBe(0);
  });

  it("does not warn when requests of the page were signs of life", async () => {
    const stage = new Stage();
    const server = live(stage);
    const tab = await stage.tab({ warnBefore: MINUTE });
    server.seenAt = stage.now + 5 * MINUTE;
    await stage.pass(9 * MINUTE);
    expect(tab.get()).toMatchObject({ warning: false, left: 6 * MINUTE });
    await stage.pass(5 * MINUTE);
    expect(tab.get().warning).toBe(true);
  });

  it("keeps alive on its button, and the other tab stops warning, too", async () => {
    const stage = new Stage();
    live(stage);
    const [tab, other] = [await stage.tab(), await stage.tab()];
    await stage.pass(9.5 * MINUTE);
    expect([tab.get().warning, other.get().warning]).toEqual([true, true]);
    const view = await tab.keepAlive();
    expect(view).toMatchObject({ warning: false, left: 10 * MINUTE });
    expect(other.get()).toEqual(view);
    expect(stage.count("POST")).toBe(1);
  });

  it("says which limit it is, and does not try to move the one that cannot be moved", async () => {
    const stage = new Stage();
    live(stage, 10 * MINUTE, 10 * MINUTE);
    const tab = await stage.tab();
    await stage.pass(9 * MINUTE);
    expect(tab.get()).toMatchObject({ warning: true, endsBy: "lifetime" });
    tab.happen("keydown");
    await settle();
    expect(stage.count("POST")).toBe(0);
  });

  it("shows nobody as logged out because the server does not answer, and asks again", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab();
    stage.answer = () => 503;
    await stage.pass(11 * MINUTE);
    expect(tab.get()).toMatchObject({ status: "user", warning: true, left: 0 });
    stage.answer = () => undefined;
    await stage.pass(MINUTE);
    expect(tab.get().status).toBe("user");
    const asked = stage.count("GET");
    expect(asked).toBeLessThan(10);
    stage.answer = () => NOBODY;
    await stage.pass(MINUTE);
    expect(tab.get().status).toBe("anonymous");
  });
});

describe("activity", () => {
  it("keeps alive, at most every tenth of the idle limit, and time alone never does", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab();
    tab.happen("keydown");
    await settle();
    expect(stage.count("POST")).toBe(0);
    await stage.pass(MINUTE);
    tab.happen("keydown");
    tab.happen("pointerdown");
    await settle();
    expect(stage.count("POST")).toBe(1);
    await stage.pass(MINUTE - 1);
    tab.happen("keydown");
    await settle();
    expect(stage.count("POST")).toBe(1);
    await stage.pass(20 * MINUTE);
    expect([stage.count("POST"), tab.get().status]).toEqual([1, "anonymous"]);
  });

  it("is not looked at when it is switched off", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab({ activity: false });
    await stage.pass(9.5 * MINUTE);
    tab.happen("keydown");
    await settle();
    expect(stage.count("POST")).toBe(0);
  });

  it("brings a token along where the server wants one", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab();
    const { answer } = stage;
    stage.answer = (asked) =>
      asked.method === "POST" && asked.headers.get("x-csrf-token") !== "t0ken" ? 403 : answer(asked);
    await stage.pass(5 * MINUTE);
    expect((await tab.keepAlive()).left).toBe(10 * MINUTE);
  });
});

describe("an end elsewhere", () => {
  it("is heard at once by one stream for all tabs", async () => {
    const stage = new Stage();
    const server = live(stage);
    const [tab, other] = [await stage.tab(), await stage.tab()];
    expect(stage.streams.map(({ url }) => url)).toEqual(["/session"]);
    server.ended = true;
    stage.streams[0]?.tell("end", { reason: "logout" });
    await settle();
    expect([tab.get().status, other.get().status]).toEqual(["anonymous", "anonymous"]);
    expect(stage.streams).toEqual([]);
  });

  it("is heard by the next tab when the one that listened is closed", async () => {
    const stage = new Stage();
    live(stage);
    const [tab] = [await stage.tab(), await stage.tab()];
    const [first] = stage.streams;
    tab.close();
    await settle();
    expect(first?.readyState).toBe(2);
    expect(stage.streams).toHaveLength(1);
  });

  it("is no end when the session goes on under another id: a token is fetched anew, and the stream opened again", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab();
    const { answer } = stage;
    let late = 2;
    stage.answer = (asked) => (late-- > 0 ? { ...NOBODY, because: "replaced" } : answer(asked));
    stage.streams[0]?.tell("end", { reason: "replaced" });
    await settle();
    expect(tab.get().status).toBe("user");
    await stage.pass(2_000);
    expect([tab.get().status, stage.sources.length, stage.streams.length]).toEqual(["user", 2, 1]);
  });

  it("is asked for with growing pauses when the stream is refused", async () => {
    const stage = new Stage();
    live(stage, 1_000 * MINUTE, 10_000 * MINUTE);
    await stage.tab();
    for (let minutes = 0; minutes < 60; minutes++) {
      stage.streams[0]?.refuse();
      await stage.pass(MINUTE);
    }
    expect(stage.sources.length).toBeGreaterThan(5);
    expect(stage.sources.length).toBeLessThan(25);
  });

  it("is seen when the page is looked at again, where nothing streams", async () => {
    const stage = new Stage();
    const server = live(stage);
    const { answer } = stage;
    stage.answer = (asked) => ({ ...(answer(asked) as typeof NOBODY), stream: false });
    const tab = await stage.tab();
    expect(stage.sources).toEqual([]);
    server.ended = true;
    await stage.pass(MINUTE);
    stage.visible = false;
    tab.happen("visibilitychange");
    await settle();
    expect(tab.get().status).toBe("user");
    stage.visible = true;
    tab.happen("visibilitychange");
    await settle();
    expect(tab.get().status).toBe("anonymous");
  });
});

describe("fetch", () => {
  it("adds the token to what changes something at this origin, and to nothing else", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab();
    const { answer } = stage;
    stage.answer = (asked) => (asked.url.startsWith("/session") ? answer(asked) : 200);
    await tab.fetch("/page");
    expect(stage.count("GET")).toBe(1);
    await tab.fetch("/cart", { method: "post", headers: { "content-type": "text/plain" } });
    await tab.fetch(new URL("https://app.example/cart"), { method: "DELETE" });
    await tab.fetch("https://elsewhere.example/cart", { method: "POST" });
    await tab.fetch("//elsewhere.example/cart", { method: "POST" });
    await tab.fetch(new Request("https://elsewhere.example/cart", { method: "POST" }));
    const tokens = stage.asked
      .filter(({ url }) => !url.startsWith("/session"))
      .map(({ headers }) => headers.get("x-csrf-token"));
    expect(tokens).toEqual([null, "t0ken", "t0ken", null, null, null]);
    expect(stage.asked.find(({ url }) => url === "/cart")?.headers.get("content-type")).toBe("text/plain");
    expect(stage.count("GET")).toBe(2);
  });

  it("keeps the headers of a Request, and fetches another token after a refusal", async () => {
    const stage = new Stage();
    live(stage);
    const tab = await stage.tab({ csrfHeader: "x-token" });
    const { answer } = stage;
    stage.answer = (asked) => (asked.url.includes("session") ? answer(asked) : 403);
    const request = new Request("https://app.example/cart", { method: "POST", headers: { "x-own": "1" } });
    expect((await tab.fetch(request)).status).toBe(403);
    const sent = stage.asked.at(-1);
    expect([sent?.headers.get("x-own"), sent?.headers.get("x-token")]).toEqual(["1", "t0ken"]);
    await tab.fetch("/cart", { method: "POST" });
    expect(stage.asked.filter(({ url }) => url === "/session?csrf=1")).toHaveLength(2);
  });
});

it("does nothing any more once it is closed", async () => {
  const stage = new Stage();
  live(stage);
  const tab = await stage.tab();
  let told = 0;
  tab.subscribe(() => told++);
  tab.close();
  await stage.pass(20 * MINUTE);
  tab.happen("keydown");
  await settle();
  expect([told, stage.asked.length, stage.streams.length, stage.timers]).toEqual([0, 1, 0, 0]);
});
