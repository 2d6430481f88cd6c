/**
 * Options that cannot work are said at the start, by name, with what was found and what to do.
 */

import { describe, expect, it, vi } from "vitest";
import { createSessions, type Store } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { openStore } from "../../../src/stores/open.ts";
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

function messageOf(options: object): string {
  try {
    createSessions({ secrets: SECRET, ...options } as never);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
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

  it("says that a store was not waited for", () => {
    expect(messageOf({ store: openStore("memory:") })).toBe(
      'Option "store": expected a store (await what openStore and its like give), found a promise.',
    );
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

  it("never shows what was given for an option that there is not, and says which options are near", () => {
    const secret = "hunter2-hunter2-hunter2";
    const nested = { cookie: { nmae: secret }, csrf: { trustedOrigin: secret } };
    for (const options of [
      { password: secret },
      { secret },
      { key: secret },
      ...Object.entries(nested).map((each) => Object.fromEntries([each])),
    ]) {
      const message = messageOf(options);
      expect(message).toMatch(
        /^Option "[\w.]+": expected one of the options that there are \(.+\), found a string of 23 characters\.$/,
      );
      expect(message).not.toContain("hunter2");
    }
    expect(messageOf({ secret })).toMatch(/\(.*\bsecrets\b.*\)/);
    expect(messageOf({ rotateevery: "1h" })).toContain("(rotateEvery)");
    expect(messageOf({ maxSessions: 3 })).toContain("(maxSessionsPerUser)");
    expect(messageOf({ xyzzy: 3 })).toContain("(those in docs/options.md)");
    expect(messageOf({ cookie: { nmae: "x" } })).toContain("(name)");
    expect(messageOf({ csrf: { trustedOrigin: "x" } })).toContain("trustedOrigins");
  });

  it("never shows a text that stands where none belongs", () => {
    for (const option of ["store", "codec", "transports", "schema", "clock", "cookie", "hooks"])
      expect([option, messageOf({ [option]: "redis://:hunter2@db" })]).toEqual([
        option,
        expect.not.stringContaining("hunter2"),
      ]);
    expect(messageOf({ store, cookie: { sameSite: "https://ann:hunter2@db" } })).not.toContain("hunter2");
  });

  it("refuses a store that is given as undefined: it would make sessions that nobody can revoke", () => {
    expect(faultOf({ store: undefined })).toBe("store");
    expect(messageOf({ store: undefined })).toContain("leave the option out");
    expect(faultOf({})).toBeUndefined();
  });

  it("refuses numbers that were meant as seconds, and says how to write them", () => {
    const seconds = {
      idle: [900, 1_800, 3_600, 59_999, 86_400],
      lifetime: [3_600, 604_800, 2_592_000],
      rotateEvery: [3_600],
    };
    for (const [option, numbers] of Object.entries(seconds))
      for (const number of numbers)
        expect([number, faultOf({ store, lifetime: "400d", [option]: number })]).toEqual([number, option]);
    expect(messageOf({ store, idle: 1_800 })).toContain('write "1800s"');
    for (const number of [60_000, 600_000, 900_000, 1_800_000, 3_600_000, 86_400_000])
      expect([number, faultOf({ store, idle: number })]).toEqual([number, undefined]);
    expect(faultOf({ store, idle: "1s", touchEvery: 0, rotationGrace: 0, storeTimeout: 500 })).toBeUndefined();
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
