import type { SessionKey, SessionRecord, StoredRecord } from "../../../src/record.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { BrokenStore } from "./broken-store.ts";
import { broken, instead } from "./broken-store.ts";

export const brokenValues: readonly BrokenStore[] = [
  {
    mistake: "expiry is ignored",
    caughtBy: "an expired record looks like an unknown one",
    open: () => memoryStore({ clock: () => 0 }),
  },
  {
    mistake: "a record lives one millisecond too long",
    caughtBy: "absent at it",
    open: ({ clock }) => memoryStore({ clock: () => clock() - 1 }),
  },
  broken("a timer of 400 days fires at once", "400 days", (inner) => ({
    create: (key, record) => {
      // What Node makes of a delay beyond 2^31 - 1.
      const delay = record.expiresAt - record.seenAt;
      setTimeout(() => void inner.delete(key).catch(() => {}), delay > 2_147_483_647 ? 1 : delay).unref();
      return inner.create(key, record);
    },
  })),
  broken("payloads are cut at NUL", "NUL in a payload", (inner) => ({
    create: (key, record) => inner.create(key, { ...record, payload: record.payload.split("\u0000")[0] ?? "" }),
  })),
  broken("payloads lose blanks at their ends", "blanks at both ends", (inner) => ({
    create: (key, record) => inner.create(key, { ...record, payload: record.payload.trim() }),
  })),
  broken("payloads lose what is not in the basic plane", "astral", (inner) => ({
    create: (key, record) =>
      inner.create(key, { ...record, payload: record.payload.replace(/[\u{10000}-\u{10ffff}]/gu, "?") }),
  })),
  broken("payloads are cut at 64 KiB", "a payload is kept character for character", (inner) => ({
    create: (key, record) => inner.create(key, { ...record, payload: record.payload.slice(0, 65_536) }),
  })),
  broken("payloads are kept as JSON, and written anew", "JSON as it was written", (inner) => ({
    create: (key, record) => inner.create(key, { ...record, payload: rewritten(record.payload) }),
  })),
  broken("health() leaves its record behind", "health() leaves nothing behind", (inner, { clock }) => ({
    health: async () => {
      const now = clock();
      await inner.create("health", { payload: "", createdAt: now, seenAt: now, expiresAt: now + 60_000 });
      return inner.health();
    },
  })),
  broken("keys are compared without their case", "to the last character and its case", (inner) => ({
    get: (key) => inner.get(key.toLowerCase()),
    create: (key, record) => inner.create(key.toLowerCase(), record),
    update: (key, record, expected) => inner.update(key.toLowerCase(), record, expected),
    delete: (key) => inner.delete(key.toLowerCase()),
  })),
  broken("an unknown key is an exception", "get() of an unknown key is null", (inner) => ({
    get: async (key) => {
      const found = await inner.get(key);
      if (!found) throw new Error("not found");
      return found;
    },
  })),
  broken("a hostile key is an exception", "a hostile key is a value like any other", (inner) => ({
    get: async (key) => {
      if (!/^[\w-]{1,250}$/.test(key)) throw new Error("bad key");
      return inner.get(key);
    },
  })),
  broken("the caller's object is kept", "can be changed without changing the store", () => {
    const kept = new Map<SessionKey, SessionRecord>();
    return {
      create: async (key, record) => {
        kept.set(key, record);
        return 1;
      },
      get: async (key) => (kept.has(key) ? ({ ...kept.get(key), version: 1 } as StoredRecord) : null),
    };
  }),
  {
    mistake: "all backends are one",
    caughtBy: "a store over another backend",
    open: (() => {
      const shared = memoryStore({ clock: () => 1_767_225_600_000 });
      return () => instead(shared, { close: async () => {} });
    })(),
  },
];

function rewritten(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload));
  } catch {
    return payload;
  }
}
