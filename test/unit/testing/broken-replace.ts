import type { SessionKey } from "../../../src/record.ts";
import type { MemoryStore } from "../../../src/stores/memory.ts";
import type { BrokenStore } from "./broken-store.ts";
import { broken, tick } from "./broken-store.ts";

/** Inserts first and buries then, as who has no better: the old record still counts when the new one comes in. */
function insertFirst(inner: MemoryStore): MemoryStore["replace"] {
  return async (key, record, old, admission) => {
    const found = await inner.get(old.key);
    if (!found) return { status: "gone" };
    if (found.version !== old.version) return { status: "conflict", current: found };
    const { userId } = record;
    const login = admission && userId !== undefined ? { ...record, userId } : undefined;
    if (login && admission) {
      const admitted = await inner.admit(key, login, admission);
      if (admitted.status !== "ok") return admitted;
    } else if ((await inner.create(key, record)) === null) return { status: "exists" };
    const left = await inner.update(old.key, old.record, old.version);
    if (left.status !== "ok") await inner.delete(key);
    return left.status === "ok" ? { status: "ok", version: (await inner.get(key))?.version ?? 0, evicted: [] } : left;
  };
}

/** Buries first and inserts then: who revokes in between does not find the new record. */
function buryFirst(inner: MemoryStore): MemoryStore["replace"] {
  return async (key, record, old) => {
    if (await inner.get(key)) return { status: "exists" };
    const left = await inner.update(old.key, old.record, old.version);
    if (left.status !== "ok") return left;
    await tick();
    const version = await inner.create(key, record);
    return version === null ? { status: "exists" } : { status: "ok", version, evicted: [] };
  };
}

export const brokenReplace: readonly BrokenStore[] = [
  broken("replace() buries and then inserts", "deleteAll() wins over replace()", (inner) => ({
    replace: buryFirst(inner),
  })),
  broken("replace() counts the old record for the limit", "does not count the old record", (inner) => ({
    replace: insertFirst(inner),
  })),
  broken("replace() writes whatever the version", "replace() of another version is a conflict", (inner) => ({
    replace: async (key, record, old, admission) => {
      const found = await inner.get(old.key);
      return found ? inner.replace(key, record, { ...old, version: found.version }, admission) : { status: "gone" };
    },
  })),
  broken("replace() deletes the old record", "leaves a tombstone at the old key", (inner) => ({
    replace: async (key, record, old, admission) => {
      const result = await inner.replace(key, record, old, admission);
      if (result.status === "ok") await inner.delete(old.key);
      return result;
    },
  })),
  broken("the tombstone stays in its user's listing", "the tombstone is nobody's", (inner) => ({
    replace: async (key, record, old, admission) => {
      const userId = (await inner.get(old.key))?.userId;
      return inner.replace(key, record, { ...old, record: { ...old.record, userId } }, admission);
    },
  })),
  broken("replace() takes no notice of its admission", "an epoch or an instant from before", (inner) => ({
    replace: (key, record, old) => inner.replace(key, record, old),
  })),
  broken("replace() looks at the new key first", "judges the old record first", (inner) => ({
    replace: async (key, record, old, admission) =>
      (await inner.get(key)) ? { status: "exists" } : inner.replace(key, record, old, admission),
  })),
  broken("a refused replace() has ended others already", "is refused and changes nothing", (inner) => ({
    replace: async (key, record, old, admission) => {
      const result = await inner.replace(key, record, old, admission);
      if (result.status === "limit") {
        const { items } = await inner.list(record.userId ?? "");
        await inner.delete(items[0]?.key ?? "");
      }
      return result;
    },
  })),
  broken("the end of a replaced record is told to nobody", "tells of a record that was replaced", (inner) => {
    const silent = new Set<SessionKey>();
    return {
      replace: (key, record, old, admission) => {
        silent.add(old.key);
        return inner.replace(key, record, old, admission);
      },
      watch: (onEnded) => inner.watch((key) => (silent.has(key) ? undefined : onEnded(key))),
    };
  }),
  broken("replace() moves the times of a touch back", "its times do not move back", (inner) => {
    const written = new Map<SessionKey, number>();
    return {
      replace: (key, record, old, admission) => {
        written.set(old.key, old.record.seenAt);
        return inner.replace(key, record, old, admission);
      },
      get: async (key) => {
        const found = await inner.get(key);
        return found && { ...found, seenAt: written.get(key) ?? found.seenAt };
      },
    };
  }),
];

export const brokenRevocation: readonly BrokenStore[] = [
  broken("deleteAll() spares whatever it is told", "that would spare no live session", (inner) => ({
    deleteAll: async (userId, options) =>
      (await inner.deleteAll(userId, options)) ?? inner.deleteAll(userId, { ...options, except: undefined }),
  })),
  broken("deleteAll() looks at whom it spares before and apart", "exactly one is left", (inner) => ({
    deleteAll: async (userId, { except, ...rest } = {}) => {
      if (except === undefined) return inner.deleteAll(userId, rest);
      if ((await inner.get(except))?.userId !== userId) return null;
      await tick();
      const ended: SessionKey[] = [];
      for (const { key } of (await inner.list(userId)).items) {
        if (key === except) continue;
        await inner.delete(key);
        ended.push(key);
      }
      return ended;
    },
  })),
  broken("a refused deleteAll() moves the epoch", "that would spare no live session", (inner) => ({
    deleteAll: async (userId, options) => {
      const ended = await inner.deleteAll(userId, options);
      if (ended === null) await inner.deleteAll(userId, { limit: 0 });
      return ended;
    },
  })),
  broken("a login's instant is not looked at", "whatever its epoch", (inner) => ({
    admit: (key, record, { since: _, ...admission }) => inner.admit(key, record, admission),
  })),
  broken("instants are whole milliseconds", "to the fraction of a millisecond", (inner) => ({
    deleteAll: (userId, { at, ...rest } = {}) => inner.deleteAll(userId, { at: at && Math.trunc(at), ...rest }),
    clear: ({ at, ...rest } = {}) => inner.clear({ at: at && Math.trunc(at), ...rest }),
  })),
  broken("the last revocation's instant counts, not the latest", "never moves back", (inner) => {
    const last = new Map<string, number>();
    return {
      deleteAll: (userId, options) => {
        last.set(userId, options?.at ?? 0);
        return inner.deleteAll(userId, { ...options, at: 0 });
      },
      admit: async (key, record, { since, ...rest }) => {
        const late = since !== undefined && since < (last.get(record.userId) ?? 0);
        return late ? { status: "revoked" } : inner.admit(key, record, rest);
      },
    };
  }),
  broken("the instant of clear() is for users who are known", "before the instant of clear()", (inner) => ({
    clear: async ({ at, ...rest } = {}) => {
      const { items } = await inner.scan({ limit: 1000 });
      const ended = await inner.clear({ at: 0, ...rest });
      for (const { record } of items) if (record.userId !== undefined) await inner.deleteAll(record.userId, { at });
      return ended;
    },
  })),
  broken("the instant of a revocation is forgotten after an hour", "kept for a day", (inner, { clock }) => {
    const told = new Map<string, number>();
    return {
      deleteAll: (userId, options) => {
        told.set(userId, clock());
        return inner.deleteAll(userId, options);
      },
      admit: (key, record, { since, ...rest }) => {
        const isForgotten = clock() - (told.get(record.userId) ?? 0) > 3_600_000;
        return inner.admit(key, record, { ...rest, since: isForgotten ? undefined : since });
      },
    };
  }),
  broken("a cursor is taken for a string", "a cursor that is no string", (inner) => ({
    list: (userId, page) => inner.list(userId, { ...page, cursor: page?.cursor?.toUpperCase() }),
  })),
  broken("user ids are cut at 64 characters", "user ids of every kind", (inner) => cutUserIds(inner, 64)),
  broken("user ids are cut at 191 characters", "user ids of every kind", (inner) => cutUserIds(inner, 191)),
  broken("user ids are squeezed into Latin-1", "user ids of every kind", (inner) =>
    otherUserIds(inner, (userId) => Buffer.from(userId, "latin1").toString("latin1")),
  ),
  broken("an epoch is kept by a cut user id", "epochs of user ids of every kind", (inner) => ({
    epoch: (userId) => inner.epoch(userId.slice(0, 64)),
  })),
  broken("a user id that is no text for a database fails", "any string can be asked for as a user id", (inner) => ({
    list: async (userId, page) => {
      if (userId.includes("\u0000")) throw new Error("invalid byte sequence");
      return inner.list(userId, page);
    },
  })),
];

function cutUserIds(inner: MemoryStore, length: number): Partial<MemoryStore> {
  return otherUserIds(inner, (userId) => userId.slice(0, length));
}

/** A store whose column keeps another user id than it was given, and whose questions are changed in the same way. */
function otherUserIds(inner: MemoryStore, change: (userId: string) => string): Partial<MemoryStore> {
  return {
    create: (key, record) =>
      inner.create(key, { ...record, userId: record.userId === undefined ? undefined : change(record.userId) }),
    list: (userId, page) => inner.list(change(userId), page),
    deleteAll: (userId, options) => inner.deleteAll(change(userId), options),
  };
}
