import type { SessionKey } from "../../../src/record.ts";
import type { BrokenStore } from "./broken-store.ts";
import { broken } from "./broken-store.ts";

export const brokenEnds: readonly BrokenStore[] = [
  broken("end() writes whatever the version", "end() with an old version is a conflict", (inner) => ({
    end: async (key, record) => {
      const found = await inner.get(key);
      return found ? inner.end(key, record, found.version) : { status: "gone" };
    },
  })),
  broken("end() deletes the record", "puts the tombstone in the record's place", (inner) => ({
    end: async (key, record, expected) => {
      const result = await inner.end(key, record, expected);
      if (result.status === "ok") await inner.delete(key);
      return result;
    },
  })),
  broken("end() leaves the version as it is", "a write of the session that was ended meanwhile", (inner) => {
    const before = new Map<unknown, unknown>();
    return {
      end: async (key, record, expected) => {
        const result = await inner.end(key, record, expected);
        if (result.status === "ok") before.set(expected, result.version);
        return result;
      },
      update: (key, record, expected) => inner.update(key, record, (before.get(expected) ?? expected) as number),
    };
  }),
  broken("end() inserts what is not there", "end() of a record that is not there is gone", (inner) => ({
    end: async (key, record, expected) => {
      const result = await inner.end(key, record, expected);
      if (result.status === "gone") await inner.create(key, record);
      return result;
    },
  })),
  broken("the tombstone of an end stays in its user's listing", "no longer counts for its user", (inner) => ({
    end: async (key, record, expected) => {
      const userId = (await inner.get(key))?.userId;
      return inner.end(key, { ...record, userId }, expected);
    },
  })),
  broken("end() is told to nobody", "watch() tells of end()", (inner) => ({
    end: (key, record, expected) => inner.update(key, record, expected),
  })),
  broken("end() is told whatever became of it", "watch() tells of end()", (inner) => {
    const listeners = new Set<(key: SessionKey) => void>();
    return {
      end: (key, record, expected) => {
        for (const tell of listeners) tell(key);
        return inner.update(key, record, expected);
      },
      watch: (onEnded) => {
        listeners.add(onEnded);
        const stop = inner.watch(onEnded);
        return () => {
          listeners.delete(onEnded);
          stop();
        };
      },
    };
  }),
];
