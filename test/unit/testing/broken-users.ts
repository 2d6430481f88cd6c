import type { SessionKey } from "../../../src/record.ts";
import type { MemoryStore } from "../../../src/stores/memory.ts";
import type { Entry } from "../../../src/stores/store.ts";
import type { BrokenStore } from "./broken-store.ts";
import { broken, tick } from "./broken-store.ts";

/** Every entry of a listing, as a page of its own. */
async function all(inner: MemoryStore, userId: string): Promise<readonly Entry[]> {
  return (await inner.list(userId, { limit: 1000 })).items;
}

export const brokenListing: readonly BrokenStore[] = [
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

export const brokenAdmission: readonly BrokenStore[] = [
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
