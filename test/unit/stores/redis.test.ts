import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { firstVersion } from "../../../src/stores/parts/version.ts";
import { allBuckets, bucketOf, makeLayout, userIdOf, userName } from "../../../src/stores/redis/layout.ts";
import { column, decode, encode } from "../../../src/stores/redis/value.ts";
import { redisStore } from "../../../src/stores/redis.ts";

const client = { command: async () => null };

function caught(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

describe("redisStore()", () => {
  it.each([[undefined], [null], [{}], [42], ["http://localhost"], ["redis://h/0?db=1"], [{ get() {} }]])(
    "refuses the client %o",
    (wrong) => {
      expect(() => redisStore(wrong as never)).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    },
  );

  it.each([
    { prefix: "" },
    { prefix: "{a}" },
    { prefix: "a b" },
    { prefix: "é" },
    { prefix: "x".repeat(101) },
    { waitReplicas: -1 },
    { waitReplicas: 1.5 },
    { waitTimeout: 0 },
  ])("refuses the option %o", (options) => {
    expect(() => redisStore(client, options)).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
  });

  it("refuses a client of redis 3, which calls back, and one with a keyPrefix", () => {
    const old = { sendCommand: () => true, internal_send_command: () => true, duplicate: () => null };
    expect(() => redisStore(old as never)).toThrow(/redis 4 or newer/);
    const prefixed = { call: async () => null, duplicate: () => null, options: { keyPrefix: "a:" } };
    expect(() => redisStore(prefixed as never)).toThrow(/client\.duplicate/);
  });

  it("keeps the URL, which may hold a password, out of the message", () => {
    expect(() => redisStore("redis://:hunter2@h/0?x=1")).toThrow(expect.not.stringContaining("hunter2"));
  });

  it.each(["redis://:hunter2/x@h/0", "redis://:hunter2@h:99999", "redis://:hunter2%zz@h", "redis://:hunter2@h/first"])(
    "refuses %s at once, with an error that does not hold it",
    (url) => {
      const thrown = caught(() => redisStore(url));
      expect(thrown).toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      expect(inspect(thrown)).not.toContain("hunter2");
    },
  );

  it("rejects every verb once it was closed, and listens to nothing any more", async () => {
    const subscribed: string[] = [];
    const subscribe = async (channel: string) => {
      subscribed.push(channel);
      return () => {};
    };
    const store = redisStore({ ...client, subscribe });
    await store.close();
    await expect(store.get("key")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    expect(() => store.watch(() => {})).toThrow(expect.objectContaining({ code: "SOJOURN_STORE_UNAVAILABLE" }));
    expect(subscribed).toEqual([]);
  });
});

describe("watch()", () => {
  /** As both drivers are while the server is down: they try again, and what was asked of them waits. */
  function waiting() {
    const asked: string[] = [];
    const wait = (verb: string) => () => {
      asked.push(verb);
      return new Promise<never>(() => {});
    };
    const subscriber = {
      on: () => {},
      connect: wait("connect"),
      subscribe: wait("subscribe"),
      destroy: () => void asked.push("end"),
      disconnect: () => void asked.push("end"),
    };
    return { asked, duplicate: () => subscriber };
  }

  it.each([
    ["redis", "sendCommand", "connect"],
    ["ioredis", "call", "subscribe"],
  ])("of a client of %s lets go of a connection that it still waits for", async (_name, verb, first) => {
    const { asked, duplicate } = waiting();
    const store = redisStore({ [verb]: client.command, duplicate } as never);
    store.watch(() => {})();
    expect(asked).toEqual([first, "end"]);
    store.watch(() => {});
    await store.close();
    expect(asked).toEqual([first, "end", first, "end"]);
  });
});

describe("the layout", () => {
  it("puts every key into one of the buckets that clear() marks", () => {
    const buckets = new Set(allBuckets());
    expect(buckets.size).toBe(1025);
    for (const key of ["AA", "_-", "-z9", "", "a", "{}", "é", "Zé", "\u0000\u0000", "A}b"]) {
      expect(buckets).toContain(bucketOf(key));
    }
  });

  it("tells the key of a record from its name, and from other keys", () => {
    const layout = makeLayout("a*[b]:");
    expect(layout.pattern).toBe("a\\*\\[b\\]:r{*");
    for (const key of ["Abc", "", "{x}:y", "\ud800", "é"]) expect(layout.keyOf(layout.record(key))).toBe(key);
    for (const other of [layout.index("ann"), layout.globalEpoch, "b:r{A1}A1"])
      expect(layout.keyOf(other)).toBeUndefined();
  });

  it("names users without braces, and tells them apart", () => {
    for (const id of ["ann", "", "}{", "a b\nc", "\ud800", "é", "%7B"]) {
      expect(userName(id)).toMatch(/^[!-z~]+$/);
      expect(userIdOf(userName(id))).toBe(id);
    }
  });
});

describe("a record's value", () => {
  const record = { payload: "päyload\n{}", userId: "änn", createdAt: 0, seenAt: -5, expiresAt: 253_402_300_800_000 };

  it("gives back what was put in", () => {
    const version = firstVersion();
    expect(decode(encode(record, version), 1)).toEqual({ ...record, version });
  });

  it("is absent from expiresAt on, and when it is a tombstone or damaged", () => {
    expect(decode(encode({ ...record, expiresAt: 10 }, 1), 9)).not.toBeNull();
    for (const value of [encode({ ...record, expiresAt: 10 }, 1), `xr ann 1${" ".repeat(90)}`, "", null, "short"]) {
      expect(decode(value, 10)).toBeNull();
    }
  });

  it("has columns of 16 characters, whatever the instant", () => {
    for (const instant of [0, -1, 1.9, 8.64e15, 1e300, -1e300, Number.POSITIVE_INFINITY]) {
      expect(column(instant)).toMatch(/^ *-?\d+$/);
      expect(column(instant)).toHaveLength(16);
    }
  });
});
