/**
 * The verbs beyond the five, where the far store has them: that store does the work, and the near one is kept right.
 */
import type { AdmitResult, EndStore, ReplaceResult, ReplaceStore, ScanStore, UserStore } from "../store.ts";
import { type Cache, is } from "./cache.ts";

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
          (answer) => (answer.status === "ok" ? is({ ...record, version: answer.version }) : undefined),
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

/**
 * A replacement ends the old session: who reads its key is told by the far store what is left of it, here from the
 * moment the call resolves, and in other processes when the far store tells them.
 */
export function replaceVerb(cache: Cache, far: ReplaceStore): Pick<ReplaceStore, "replace"> {
  return {
    replace: (key, record, old, admission) => {
      const insert = (): Promise<ReplaceResult> =>
        cache.write(
          key,
          () => far.replace(key, record, old, admission),
          (answer) => (answer.status === "ok" ? is({ ...record, version: answer.version }) : undefined),
        );
      const replace = (): Promise<ReplaceResult> =>
        cache.write(old.key, insert, (answer) => (answer.status === "conflict" ? is(answer.current) : undefined));
      return cache.ending(replace, (answer) => (answer.status === "ok" ? [old.key, ...answer.evicted] : []));
    },
  };
}

/** An end is a write whose outcome is not kept here: what is buried in the near store is read from the far one. */
export function endVerb(cache: Cache, far: EndStore): Pick<EndStore, "end"> {
  return {
    end: (key, record, expected) =>
      cache.ending(
        () => cache.updateBy(() => far.end(key, record, expected), key, record),
        (answer) => (answer.status === "ok" ? [key] : []),
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
