/** Sessions that are made when they are first used, once for the process. */
import { describe, expect, it, vi } from "vitest";
import { lazySessions, ready } from "../../../src/adapters/adapter.ts";
import { register } from "../../../src/adapters/lazy/instances.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const request = (cookie = ""): Request => new Request("https://app.example/", { headers: { cookie } });

describe("lazySessions()", () => {
  it("makes nothing before the first use, and nothing for those who only look", async () => {
    const make = vi.fn(() => createSessions({ store: memoryStore(), secrets: SECRET }));
    const sessions = lazySessions(make, { name: "looks" });
    expect(await (async () => sessions)()).toBe(sessions);
    expect(JSON.stringify({ a: `${Object.prototype.toString.call(sessions)}` })).toContain("Object");
    expect("toJSON" in sessions).toBe(false);
    expect(make).not.toHaveBeenCalled();
    expect(sessions.policy.mode).toBe("server");
    expect(Object.keys(sessions)).toContain("revokeAll");
    await sessions.open(request());
    expect(make).toHaveBeenCalledTimes(1);
  });

  it("throws at the first use what the options are wrong in, and when a server is mounted", () => {
    const sessions = lazySessions(() => createSessions({ idle: "nonsense" as "1h" }), { name: "wrong" });
    for (let times = 0; times < 2; times++)
      expect(() => ready(sessions)).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
  });

  it("is one for all copies of a module, so that what one stores another finds", async () => {
    const copy = (): ReturnType<typeof createSessions> =>
      lazySessions(() => createSessions({ store: memoryStore(), secrets: SECRET }), { name: "copies" });
    const [a, b] = [copy(), copy()];
    expect(a).not.toBe(b);
    const answer = await a.handle(request(), async (session) => {
      await session.login("ann");
      return new Response();
    });
    const cookie = answer.headers.getSetCookie()[0]?.split(";")[0];
    expect((await b.open(request(cookie))).userId).toBe("ann");
    expect(a.open).toBe(b.open);
  });

  it("tells apart what has two names", () => {
    const make = () => createSessions({ store: memoryStore(), secrets: SECRET });
    expect(lazySessions(make, { name: "one" }).open).not.toBe(lazySessions(make, { name: "two" }).open);
  });

  it("is replaced by what a hot reload made of it, and the old one is closed", async () => {
    const closed = vi.fn();
    const sessions = lazySessions(() => createSessions({ store: memoryStore(), secrets: SECRET }), { name: "hot" });
    const before = sessions.open;
    const first = () => ({ ...createSessions({ store: memoryStore(), secrets: SECRET }), close: closed });
    const second = () => createSessions({ store: memoryStore(), secrets: SECRET, idle: "1h" });
    register("hot", first, "/app/sessions.ts");
    // Another file: a copy that a bundler has spelt otherwise.
    expect(sessions.open).toBe(before);
    register("hot", second, "/app/sessions.ts");
    expect(sessions.policy.idleMs).toBe(3_600_000);
    const now = sessions.open;
    expect(now).not.toBe(before);
    // The same again, and a copy of it.
    register("hot", second, "/app/sessions.ts");
    expect(sessions.open).toBe(now);
    register("hot", first, "/app/sessions.ts");
    expect(sessions.open).not.toBe(now);
    register("hot", second, "/app/sessions.ts");
    void sessions.open;
    await expect.poll(() => closed).toHaveBeenCalledTimes(1);
  });

  it.each([
    [undefined, "a"],
    [{}, "a"],
    [() => createSessions(), ""],
  ])("refuses what it cannot use: %#", (make, name) => {
    expect(() => lazySessions(make as never, { name })).toThrow(
      expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }),
    );
  });
});
