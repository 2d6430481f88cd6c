import { describe, expect, test, vi } from "vitest";
import { admitWithin } from "../../../src/stores/cloudflare/durable-object/limited-admission.ts";
import { ownNamespace } from "../../../src/stores/cloudflare/durable-object/own-namespace.ts";
import { Turns } from "../../../src/stores/cloudflare/durable-object/turns.ts";
import type { Answers } from "../../../src/stores/cloudflare/durable-object/wide-verbs.ts";
import type { D1Binding, KvBinding, ObjectBinding } from "../../../src/stores/cloudflare.ts";
import { d1Store, durableObjectStore, kvStore } from "../../../src/stores/cloudflare.ts";

const kv = { get: async () => null, put: async () => {}, delete: async () => {} } as KvBinding;
const d1 = { prepare: () => ({}), batch: async () => [] } as unknown as D1Binding;
const objects = { idFromName: () => "", get: () => ({}) } as unknown as ObjectBinding;

describe("options", () => {
  test.each<[string, () => unknown]>([
    ["namespace", () => kvStore(undefined as never)],
    ["prefix", () => kvStore(kv, { prefix: "a b" })],
    ["cacheTtl", () => kvStore(kv, { cacheTtl: 29 })],
    ["cacheTtl", () => kvStore(kv, { cacheTtl: 30.5 })],
    ["database", () => d1Store({} as never)],
    ["table", () => d1Store(d1, { table: 'x"; DROP TABLE y' })],
    ["create", () => d1Store(d1, { create: true as never })],
    ["sweep", () => d1Store(d1, { sweep: true as never })],
    ["namespace", () => durableObjectStore(kv as never)],
    ["name", () => durableObjectStore(objects, { name: "" })],
    ["shards", () => durableObjectStore(objects, { shards: 0 })],
    ["shards", () => durableObjectStore(objects, { shards: 257 })],
  ])("a wrong %s is refused at once", (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    expect(make).toThrow(`"${option}"`);
  });

  test("what a store cannot do it does not have", () => {
    expect(Object.keys(kvStore(kv))).not.toContain("list");
    expect(kvStore(kv).consistency).toBe("none");
    expect([d1Store(d1).consistency, durableObjectStore(objects).consistency]).toEqual(["cas", "cas"]);
  });
});

describe("admitWithin()", () => {
  const record = { payload: "", userId: "ann", createdAt: 1, seenAt: 1, expiresAt: 9 };
  const admission = {
    key: "new",
    record,
    admission: { epoch: "0.0", limit: 1 },
    place: { name: "sessions", shards: 2 },
  };

  test("takes its session back when the surplus could not be ended", async () => {
    const asked: unknown[][] = [];
    const ask = (async (index: number, verb: string, ...args: unknown[]) => {
      asked.push([index, verb, ...args]);
      if (verb === "epoch") return "0.0";
      if (verb === "sessionsOf") return index === 0 ? [{ key: "old", createdAt: 0 }] : [];
      if (verb === "enter") return { status: "ok", version: 1 };
      if (verb === "evict") throw new Error("cut off");
      return true;
    }) as unknown as Answers;
    const of = (text: string): number => (text === "old" ? 0 : 1);
    await expect(admitWithin(admission, { ask, all: [0, 1], own: 1, of })).rejects.toThrow("cut off");
    expect(asked.at(-1)).toEqual([1, "delete", "new"]);
  });
});

describe("Turns", () => {
  test("one at a time by name, whatever became of the one before", async () => {
    const turns = new Turns();
    const order: string[] = [];
    const step = (name: string) => async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      if (name === "first") throw new Error("failed");
    };
    const first = turns.run("ann", step("first")).catch(() => {});
    await Promise.all([first, turns.run("ann", step("second"))]);
    expect(order).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  });

  test("one that never ends holds nobody up for ever", async () => {
    vi.useFakeTimers();
    try {
      const turns = new Turns();
      void turns.run("ann", () => new Promise(() => {}));
      const second = turns.run("ann", async () => "in");
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await second).toBe("in");
    } finally {
      vi.useRealTimers();
    }
  });
});

test("an object without a binding to its own namespace says so", () => {
  const other = {
    idFromString: () => {
      throw new TypeError("not of this namespace");
    },
  };
  expect(() => ownNamespace({ TEXT: "a", OTHER: other }, "id")).toThrow(/Bind it there/);
});
