/**
 * Options that cannot work are said at the start, by name, with what was found and what to do.
 */

import { describe, expect, it, vi } from "vitest";
import { createSessions, type Store } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { headerTransport } from "../../../src/transport/header.ts";
import { fiveVerbs } from "../../support/five-verbs.ts";
import { SECRET } from "../../support/visitor.ts";

const store = memoryStore();
const plain: Store = { ...fiveVerbs(store), name: "plain" };

function faultOf(options: object): string | undefined {
  try {
    createSessions({ secrets: SECRET, ...options } as never);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe("SOJOURN_INVALID_OPTION");
    return /^Option "([\w.]+)": expected .+, found .+\.$/s.exec(message)?.[1];
  }
  return undefined;
}

describe("createSessions()", () => {
  it("names the option that needs a store", () => {
    const needs = {
      rotateEvery: "1h",
      rotationGrace: "10s",
      onReuse: "report",
      onOutage: "anonymous",
      storeTimeout: "1s",
      lookEvery: "10s",
      encryptAtRest: true,
      maxSessionsPerUser: 3,
      onLimit: "reject",
    };
    for (const [option, value] of Object.entries(needs)) {
      expect([option, faultOf({ [option]: value })]).toEqual([option, "store"]);
      expect([option, faultOf({ store, [option]: value })]).toEqual([option, undefined]);
    }
    expect(faultOf({ data: "store" })).toBe("store");
    expect(faultOf({ data: "cookie" })).toBeUndefined();
  });

  it("names the option whose value cannot be", () => {
    const wrong: [string, unknown][] = [
      ["store", null],
      ["codec", {}],
      ["codec", { format: "text", encode: () => "" }],
      ["transports", []],
      ["transports", [{}]],
      ["schema", {}],
      ["initial", 5],
      ["clock", 5],
      ["hooks", { created: 5 }],
      ["csrf", true],
      ["cacheControl", ""],
      ["cacheControl", "no-store\n"],
      ["justification", 5],
      ["initial", () => 5],
      ["initial", () => null],
      ["initial", () => []],
      ["data", "memory"],
      ["onReuse", "ignore"],
      ["encryptAtRest", "later"],
      ["stor", store],
      ["ttl", 5],
      ["onOutage", "authenticated"],
      ["onLimit", "evict"],
      ["maxSessionsPerUser", 0],
      ["maxSessionsPerUser", 1.5],
      ["maxSessionsPerUser", "3"],
      ["version", -1],
      ["version", 1.5],
      ["audience", 5],
      ["audience", "x".repeat(256)],
      ["lifetime", "forever"],
    ];
    for (const [option, value] of wrong)
      expect([option, faultOf({ store, [option]: value })]).toEqual([option, option]);
    expect(faultOf({ cookie: { name: "a" }, transports: [headerTransport()] })).toBe("cookie");
    expect(faultOf({ version: 1 })).toBe("migrate");
    expect(faultOf({ store: {} })).toBe("store");
    expect(faultOf({ store: { ...plain, touch: undefined } })).toBe("store");
    expect(faultOf({ store: plain, maxSessionsPerUser: 3 })).toBe("maxSessionsPerUser");
    expect(faultOf({ cookie: { maxAge: 3_600 } })).toBe("cookie.maxAge");
    expect(faultOf({ hooks: { logedIn: () => {} } })).toBe("hooks.logedIn");
    expect(faultOf({ cookie: { domain: "example.com" } })).toBe("cookie.domain");
  });

  it("says SOJOURN_UNSUPPORTED for a verb that the store has no index for", async () => {
    const sessions = createSessions({ secrets: SECRET, store: plain }) as never as ReturnType<typeof full>;
    const session = await sessions.open(new Request("https://app.example/"));
    await session.login("ann");
    for (const call of [
      () => sessions.list("ann"),
      () => sessions.listAll(),
      () => sessions.revokeUser("ann"),
      () => sessions.revokeOthers(session),
      () => sessions.revokeAll(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
    }
    expect(await sessions.revoke(session.id)).toBe(true);
    await sessions.close();
  });

  it("warns of a store that cannot compare, by name", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    createSessions({ secrets: SECRET, store: plain });
    expect(warn).not.toHaveBeenCalled();
    createSessions({ secrets: SECRET, store: { ...plain, consistency: "none" } });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining("The plain store cannot compare"),
        expect.objectContaining({ code: "SOJOURN_WEAK_STORE" }),
      ],
    ]);
    warn.mockRestore();
  });

  it("gives an object that cannot be changed, with the policy in force", () => {
    const sessions = full();
    expect(Object.isFrozen(sessions)).toBe(true);
    expect(Object.isFrozen(sessions.policy)).toBe(true);
    expect(sessions.policy).toEqual({
      mode: "server",
      store: "memory",
      idleMs: 86_400_000,
      lifetimeMs: 7 * 86_400_000,
      rotateEveryMs: 3_600_000,
      maxSessionsPerUser: undefined,
      justification: undefined,
    });
  });
});

function full() {
  return createSessions({ secrets: SECRET, store });
}
