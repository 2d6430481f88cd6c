/**
 * The KV store as an application makes it: its options, checked, and the guarantees that it does not have.
 */
import type { Clock } from "../../../clock.ts";
import { checkKnown, invalidOption } from "../../../errors.ts";
import { clockOf } from "../../parts/bounds.ts";
import type { HealthStore } from "../../store.ts";
import type { KvBinding } from "./values.ts";
import { Verbs } from "./verbs.ts";

/** How a KV store is set up; everything has a default. */
export interface KvStoreOptions {
  /**
   * What the names of the values begin with, up to 200 characters; nothing else may write under it. Default
   * `"sojourn:"`.
   */
  readonly prefix?: string | undefined;
  /** What an instant is compared with. KV's own expiry only frees space. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * How long a location may answer from its own copy, in seconds: so long a logout or a change of another location goes
   * unnoticed, beside the time that KV takes to spread it. From 30 s, the least that KV takes, to 3,600 s; default 30
   * s.
   */
  readonly cacheTtl?: number | undefined;
}

/**
 * What `kvStore` makes: the five verbs, without guarantees under concurrency. There is no listing, no limit and no
 * revocation by user, and none of that compiles.
 */
export interface KvStore extends HealthStore {
  /** KV cannot compare and set, and not even tell an insert from an update: parallel writes can be lost. */
  readonly consistency: "none";
}

/**
 * A store in Workers KV, which is eventually consistent: **what one location writes, others may not see for a minute or
 * more.** For anonymous data that is read often, written seldom and may be lost: a language, a theme, a basket. Not for
 * logins: take `durableObjectStore` or `d1Store`.
 *
 * What it cannot do: a logout or `revoke` holds at once where it was made and takes up to a minute elsewhere; of two
 * writes in different places one is lost, and no one is told; a session that was made in one place may not be known in
 * another. KV takes one write a second per key and rejects more. A tombstone, under a name of its own, keeps a late
 * write of another place from bringing a session back for longer than that place takes to see it.
 *
 * @param namespace The binding: `env.KV`.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a wrong option. Calls reject with KV's own error, and with
 * `SOJOURN_STORE_UNAVAILABLE` for a value that somebody else wrote.
 *
 * @example
 * ```ts no-run
 * declare const env: { KV: KvBinding };
 *
 * const store = kvStore(env.KV);
 * store.consistency; // "none"
 * ```
 */
export function kvStore(namespace: KvBinding, options: KvStoreOptions = {}): KvStore {
  checkKnown(options, { prefix: true, clock: true, cacheTtl: true });
  const { prefix = "sojourn:", cacheTtl = 30 } = options;
  const clock = clockOf(options.clock);
  if (typeof namespace?.get !== "function" || typeof namespace.put !== "function")
    throw invalidOption("namespace", namespace, "the binding of a KV namespace");
  if (typeof prefix !== "string" || !/^[\x21-\x7e]{0,200}$/.test(prefix))
    throw invalidOption("prefix", prefix, "up to 200 visible characters of ASCII");
  if (!(Number.isInteger(cacheTtl) && cacheTtl >= 30 && cacheTtl <= 3600))
    throw invalidOption("cacheTtl", cacheTtl, "a whole number of seconds from 30 to 3600");
  const verbs = new Verbs(namespace, prefix, clock, cacheTtl);
  return {
    name: "kv",
    consistency: "none",
    get: (key) => verbs.get(key),
    create: (key, record) => verbs.create(key, record),
    update: (key, record, expected) => verbs.update(key, record, expected),
    touch: (key, seenAt, expiresAt) => verbs.touch(key, seenAt, expiresAt),
    delete: (key) => verbs.delete(key),
    health: async () => {
      const start = performance.now();
      await verbs.health();
      return { latencyMs: performance.now() - start };
    },
  };
}
