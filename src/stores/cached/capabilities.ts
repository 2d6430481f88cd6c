import type { AdmitResult, ScanStore, UserStore } from "../store.ts";
import type { Cache } from "./cache.ts";

type UserVerbs = Pick<UserStore, "epoch" | "admit" | "list" | "deleteAll">;
type ScanVerbs = Pick<ScanStore, "scan" | "clear">;

/** The far store's verbs by user. What they end is ended in the near store before the call resolves. */
export function userVerbs(cache: Cache, far: UserStore): UserVerbs {
  return {
    epoch: async (userId) => cache.open(far).epoch(userId),
    list: async (userId, page) => cache.open(far).list(userId, page),
    admit: (key, record, admission) => {
      const admit = (): Promise<AdmitResult> =>
        cache.write(
          key,
          () => far.admit(key, record, admission),
          (answer) => (answer.status === "ok" ? { ...record, version: answer.version } : undefined),
        );
      return cache.ending(admit, (answer) => (answer.status === "ok" ? answer.evicted : []));
    },
    deleteAll: (userId, options) =>
      cache.ending(
        async () => cache.open(far).deleteAll(userId, options),
        (keys) => keys ?? [],
      ),
  };
}

/** The far store's verbs over all sessions. */
export function scanVerbs(cache: Cache, far: ScanStore): ScanVerbs {
  return {
    scan: async (page) => cache.open(far).scan(page),
    clear: (options) =>
      cache.ending(
        async () => cache.open(far).clear(options),
        (keys) => keys,
      ),
  };
}
