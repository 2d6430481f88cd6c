import type { SessionKey, SessionRecord, StoredRecord } from "../../../src/record.ts";
import type { MemoryStore } from "../../../src/stores/memory.ts";
import type { Store } from "../../../src/stores/store.ts";
import type { BrokenStore } from "./broken-store.ts";
import { broken, tick } from "./broken-store.ts";

/** What `SET` and `INSERT … ON CONFLICT DO UPDATE` do. */
async function upsert(inner: Store, key: SessionKey, record: SessionRecord) {
  for (;;) {
    const version = await inner.create(key, record);
    if (version !== null) return version;
    const found = await inner.get(key);
    if (!found) continue;
    const result = await inner.update(key, record, found.version);
    if (result.status === "ok") return result.version;
  }
}

export const brokenWriting: readonly BrokenStore[] = [
  broken("update() writes whatever the version", "50 parallel loops of read, add one", (inner) => ({
    update: async (key, record) => {
      if (!(await inner.get(key))) return { status: "gone" };
      return { status: "ok", version: await upsert(inner, key, record) };
    },
  })),
  broken("update() inserts what is missing", "update() after delete() is gone", (inner) => ({
    update: async (key, record, expected) => {
      const result = await inner.update(key, record, expected);
      return result.status === "gone" ? { status: "ok", version: await upsert(inner, key, record) } : result;
    },
  })),
  broken("update() reads, compares and then writes", "parallel update() with one version", (inner) => ({
    update: async (key, record, expected) => {
      const found = await inner.get(key);
      await tick();
      if (!found) return { status: "gone" };
      if (found.version !== expected) return { status: "conflict", current: found };
      return { status: "ok", version: await upsert(inner, key, record) };
    },
  })),
  broken("update() keeps the later deadline", "update() with an earlier deadline", (inner) => ({
    update: async (key, record, expected) => {
      const kept = (await inner.get(key))?.expiresAt ?? 0;
      return inner.update(key, { ...record, expiresAt: Math.max(kept, record.expiresAt) }, expected);
    },
  })),
  broken("update() moves the use of a touch back", "update() never moves seenAt back", (inner) => {
    const written = new Map<SessionKey, SessionRecord>();
    return {
      update: async (key, record, expected) => {
        const result = await inner.update(key, record, expected);
        if (result.status === "ok") written.set(key, record);
        return result;
      },
      get: async (key) => {
        const found = await inner.get(key);
        return found && { ...found, ...written.get(key), version: found.version };
      },
    };
  }),
  broken("a conflict carries what the loser had read", "conflict that carries the winner", (inner) => {
    const first = new Map<SessionKey, StoredRecord>();
    return {
      get: async (key) => {
        const found = await inner.get(key);
        if (found && !first.has(key)) first.set(key, found);
        return found;
      },
      update: async (key, record, expected) => {
        const result = await inner.update(key, record, expected);
        return result.status === "conflict" ? { ...result, current: first.get(key) ?? result.current } : result;
      },
    };
  }),
  broken("a write that changes nothing keeps the version", "every write changes the version", (inner) => ({
    update: async (key, record, expected) => {
      const found = await inner.get(key);
      if (found?.version === expected && found.payload === record.payload) return { status: "ok", version: expected };
      return inner.update(key, record, expected);
    },
  })),
  broken("versions begin again at 1", "does not fit the record created after it", () => naiveVersions()),
  broken("create() overwrites", "create() inserts only", (inner) => ({
    create: (key, record) => upsert(inner, key, record),
  })),
  broken("create() looks first and inserts then", "20 parallel create() of one key", (inner) => ({
    create: async (key, record) => {
      if (await inner.get(key)) return null;
      await tick();
      return upsert(inner, key, record);
    },
  })),
  broken("touch() brings a record back", "touch() and update() after delete()", (inner) => {
    const last = new Map<SessionKey, SessionRecord>();
    return {
      create: (key, record) => {
        last.set(key, record);
        return inner.create(key, record);
      },
      touch: async (key, seenAt, expiresAt) => {
        const record = last.get(key);
        if (record && !(await inner.get(key))) await inner.create(key, { ...record, seenAt, expiresAt });
        return inner.touch(key, seenAt, expiresAt);
      },
    };
  }),
  broken("touch() sets the deadline that it is given", "touch() never moves a time back", (inner) => ({
    touch: async (key, seenAt, expiresAt) => {
      const found = await inner.get(key);
      if (found) await inner.update(key, { ...found, seenAt, expiresAt }, found.version);
      return found !== null;
    },
  })),
  broken("touch() changes the version", "does not make the write conflict", (inner) => ({
    touch: async (key, seenAt, expiresAt) => {
      const found = await inner.get(key);
      if (found) await inner.update(key, found, found.version);
      return inner.touch(key, seenAt, expiresAt);
    },
  })),
  broken("delete() is always true", "delete() removes, says whether", (inner) => ({
    delete: async (key) => (await inner.delete(key)) || true,
  })),
];

/** A store of five verbs that counts versions from 1 for each key. */
function naiveVersions(): Partial<MemoryStore> {
  const records = new Map<SessionKey, StoredRecord & { version: number }>();
  return {
    get: async (key) => records.get(key) ?? null,
    create: async (key, record) => {
      if (records.has(key)) return null;
      records.set(key, { ...record, version: 1 });
      return 1;
    },
    update: async (key, record, expected) => {
      const current = records.get(key);
      if (!current) return { status: "gone" };
      if (current.version !== expected) return { status: "conflict", current };
      records.set(key, { ...record, version: current.version + 1 });
      return { status: "ok", version: current.version + 1 };
    },
    delete: async (key) => records.delete(key),
  };
}
