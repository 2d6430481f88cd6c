import type { SessionKey } from "../../../src/record.ts";
import type { BrokenStore } from "./broken-store.ts";
import { broken, tick } from "./broken-store.ts";

export const brokenLifecycle: readonly BrokenStore[] = [
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
