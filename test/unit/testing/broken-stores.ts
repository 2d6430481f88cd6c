/** Stores with one mistake each, of the kind that real ones have, and the case that must catch it. */
import type { SessionKey, SessionRecord, StoredRecord } from "../../../src/record.ts";
import type { MemoryStore } from "../../../src/stores/memory.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { Entry, Store } from "../../../src/stores/store.ts";
import type { StoreContext } from "../../../src/testing/index.ts";

export interface BrokenStore {
  readonly mistake: string;
  readonly open: (context: StoreContext) => Store;
  /** Part of the name of a case that must fail. */
  readonly caughtBy: string;
}

type Verbs = Partial<MemoryStore>;

/** A memory store with some verbs replaced. */
function instead(inner: MemoryStore, verbs: Verbs): Store {
  return new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = name in verbs ? verbs[name as keyof MemoryStore] : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function broken(mistake: string, caughtBy: string, verbs: (inner: MemoryStore, context: StoreContext) => Verbs) {
  const open = (context: StoreContext): Store => {
    const inner = memoryStore({ clock: context.clock });
    return instead(inner, verbs(inner, context));
  };
  return { mistake, caughtBy, open };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

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

const writing: readonly BrokenStore[] = [
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
function naiveVersions(): Verbs {
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

const values: readonly BrokenStore[] = [
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

/** Every entry of a listing, as a page of its own. */
async function all(inner: MemoryStore, userId: string): Promise<readonly Entry[]> {
  return (await inner.list(userId, { limit: 1000 })).items;
}

const listing: readonly BrokenStore[] = [
  broken("list() gives sessions that ended", "list() leaves out other users", (inner) => {
    const known = new Map<SessionKey, Entry>();
    return {
      list: async (userId, page) => {
        const { items } = await inner.list(userId, page);
        for (const entry of items) known.set(entry.key, entry);
        return { items: [...known.values()].filter((entry) => entry.record.userId === userId) };
      },
      delete: async (key) => {
        const record = await inner.get(key);
        if (record) known.set(key, { key, record });
        return inner.delete(key);
      },
    };
  }),
  broken("list() matches users by their beginning", "user ids of every kind", (inner) => ({
    list: async (userId) => {
      const { items } = await inner.scan({ limit: 1000 });
      return { items: items.filter((entry) => entry.record.userId?.startsWith(userId)) };
    },
  })),
  broken("list() is in order of arrival", "list() is in order of createdAt", (inner) => ({
    list: async (userId) => {
      const { items } = await inner.scan({ limit: 1000 });
      return { items: items.filter((entry) => entry.record.userId === userId) };
    },
  })),
  broken("list() pages by offset", "paging gives whoever stays exactly once", (inner) => ({
    list: async (userId, page) => {
      const start = Number(page?.cursor ?? 0);
      const end = start + (page?.limit ?? 100);
      const items = await all(inner, userId);
      return { items: items.slice(start, end), cursor: end < items.length ? String(end) : undefined };
    },
  })),
  broken("scan() gives a record twice", "scan() gives every live record exactly once", (inner) => ({
    scan: async (page) => {
      const found = await inner.scan(page);
      return { ...found, items: [...found.items, ...found.items.slice(0, 1)].slice(0, page?.limit ?? 100) };
    },
  })),
  broken("scan() fails on a cursor that it never gave", "a made-up cursor", (inner) => ({
    scan: async (page) => inner.scan({ ...page, cursor: page?.cursor && JSON.stringify(JSON.parse(page.cursor)) }),
  })),
];

const admission: readonly BrokenStore[] = [
  broken("the limit is counted before and apart", "20 parallel admit() that evict", (inner) => ({
    admit: async (key, record, { epoch, limit }) => {
      const present = await all(inner, record.userId);
      await tick();
      const evicted = limit === undefined ? [] : present.slice(0, Math.max(0, present.length + 1 - limit));
      for (const entry of evicted) await inner.delete(entry.key);
      const result = await inner.admit(key, record, { epoch });
      return result.status === "ok" ? { ...result, evicted: evicted.map((entry) => entry.key) } : result;
    },
  })),
  broken("the limit counts expired sessions", "the limit counts live sessions", (inner) => {
    const counts = new Map<string, number>();
    return {
      create: (key, record) => {
        if (record.userId) counts.set(record.userId, (counts.get(record.userId) ?? 0) + 1);
        return inner.create(key, record);
      },
      admit: async (key, record, admission) => {
        const full = admission.onLimit === "reject" && (counts.get(record.userId) ?? 0) >= (admission.limit ?? 9e9);
        return full ? { status: "limit" } : inner.admit(key, record, admission);
      },
    };
  }),
  broken("eviction takes the newest", "ends the oldest, and says which", (inner) => ({
    admit: async (key, record, { limit, ...rest }) => {
      const present = await all(inner, record.userId);
      const evicted = present.slice(-Math.max(0, present.length + 1 - (limit ?? 9e9)) || present.length);
      for (const entry of evicted) await inner.delete(entry.key);
      const result = await inner.admit(key, record, rest);
      return result.status === "ok" ? { ...result, evicted: evicted.map((entry) => entry.key) } : result;
    },
  })),
  broken("a login does not look at the epoch", "an epoch from before deleteAll() is revoked", (inner) => ({
    admit: async (key, record, admission) =>
      inner.admit(key, record, { ...admission, epoch: await inner.epoch(record.userId) }),
  })),
  broken("the epoch is compared before and apart", "no login that began before deleteAll()", (inner) => ({
    admit: async (key, record, admission) => {
      if ((await inner.epoch(record.userId)) !== admission.epoch) return { status: "revoked" };
      await tick();
      return inner.admit(key, record, { ...admission, epoch: await inner.epoch(record.userId) });
    },
  })),
  broken("deleteAll() moves the epoch only when it ended something", "moves the user's epoch every time", (inner) => ({
    deleteAll: async (userId, options) =>
      (await all(inner, userId)).length === 0 ? [] : inner.deleteAll(userId, options),
  })),
  broken("clear() moves the epoch of nobody", "clear() moves the epoch of everybody", (inner) => ({
    clear: async () => {
      const { items } = await inner.scan({ limit: 1000 });
      for (const entry of items) await inner.delete(entry.key);
      return items.map((entry) => entry.key);
    },
  })),
  broken("deleteAll() ends the session to spare", "deleteAll() spares `except`", (inner) => ({
    deleteAll: (userId, options) => inner.deleteAll(userId, { limit: options?.limit }),
  })),
  broken("deleteAll() has no bound", "deleteAll() ends no more than `limit`", (inner) => ({
    deleteAll: (userId, options) => inner.deleteAll(userId, { except: options?.except }),
  })),
];

const lifecycle: readonly BrokenStore[] = [
  broken("deleteExpired() has no bound", "deleteExpired() removes no more than `limit`", (inner) => ({
    deleteExpired: () => inner.deleteExpired(),
  })),
  broken("deleteExpired() decides and then removes", "created over an expired one", (inner, { clock }) => {
    const deadlines = new Map<SessionKey, number>();
    return {
      create: (key, record) => {
        deadlines.set(key, Math.min(deadlines.get(key) ?? Number.POSITIVE_INFINITY, record.expiresAt));
        return inner.create(key, record);
      },
      deleteExpired: async () => {
        const expired = [...deadlines].filter(([, deadline]) => deadline <= clock());
        await tick();
        for (const [key] of expired) await inner.delete(key);
        return expired.length;
      },
    };
  }),
  broken("watch() tells twice", "watch() tells of delete(), once", (inner) => ({
    watch: (onEnded) => {
      const stops = [inner.watch(onEnded), inner.watch(onEnded)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  })),
  broken("watch() does not stop", "until it stops", (inner) => ({
    watch: (onEnded) => {
      inner.watch(onEnded);
      return () => {};
    },
  })),
  broken("a closed store goes on", "a closed store rejects every verb", () => ({ close: async () => {} })),
];

export const brokenStores: readonly BrokenStore[] = [...writing, ...values, ...listing, ...admission, ...lifecycle];
