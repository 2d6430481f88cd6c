/**
 * The store in Durable Objects as an application makes it: its options, checked, and what it can do with one object and
 * with several.
 */
import type { Clock } from "../../../clock.ts";
import { checkKnown, invalidOption } from "../../../errors.ts";
import { clockOf, instantOf } from "../../parts/bounds.ts";
import { checkLimit } from "../../parts/paging.ts";
import type { HealthStore, ReplaceStore, ScanStore, SweepStore, UserStore } from "../../store.ts";
import type { ObjectBinding } from "./binding.ts";
import { Objects } from "./client.ts";
import { inManyObjects, inOneObject } from "./shards.ts";

/** How a store in Durable Objects is set up; everything has a default. */
export interface DurableObjectStoreOptions {
  /** The name of the object, up to 200 characters. Stores of two names share nothing. Default `"sessions"`. */
  readonly name?: string | undefined;
  /**
   * How many objects the sessions are spread over, by a hash of the session id: 1 to 256, default 1, which is right up
   * to some 1,000 requests a second. **With another number all sessions are somewhere else, and everybody is logged
   * out.** What is about a user then asks all objects, and is no longer one step: see docs/cloudflare.md.
   */
  readonly shards?: number | undefined;
  /**
   * What an instant is compared with; only the alarm, which frees space, goes by the object's. Default: the system's
   * clock.
   */
  readonly clock?: Clock | undefined;
  /**
   * Where the object is made when it is asked for the first time (`"weur"`, `"enam"`…, see Cloudflare's list); it
   * stays there. Default: near whoever asks first.
   */
  readonly locationHint?: string | undefined;
}

/** What `durableObjectStore` makes. */
export interface DurableObjectStore extends UserStore, ScanStore, SweepStore, HealthStore {
  /** With one object only: two records of several objects cannot be changed in one step. */
  readonly replace?: ReplaceStore["replace"];
}

/**
 * A store in a Durable Object: compare-and-set, users, limits and revocation, each verb one request and one
 * transaction. What has expired the object removes by itself.
 *
 * All sessions are in one object, in one place: that is what makes a login, its limit and a revocation one step. An
 * object takes some 1,000 requests a second and 10 GB; `shards` spreads them over several.
 *
 * @param namespace The binding: `env.SESSIONS`, of the class `SessionObject`.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a wrong option. Calls reject with the platform's own error,
 *   and with `SOJOURN_STORE_UNAVAILABLE` when the binding is of another class.
 *
 * @example
 * ```ts no-run
 * declare const env: { SESSIONS: ObjectBinding };
 *
 * const store = durableObjectStore(env.SESSIONS);
 * ```
 */
export function durableObjectStore(
  namespace: ObjectBinding,
  options: DurableObjectStoreOptions = {},
): DurableObjectStore {
  checkKnown(options, { name: true, shards: true, clock: true, locationHint: true });
  const { name = "sessions", shards = 1, locationHint } = options;
  const clock = clockOf(options.clock);
  if (typeof namespace?.idFromName !== "function")
    throw invalidOption("namespace", namespace, "the binding of a Durable Object namespace");
  if (typeof name !== "string" || name.length < 1 || name.length > 200)
    throw invalidOption("name", name, "text of 1 to 200 characters");
  if (!(Number.isInteger(shards) && shards >= 1 && shards <= 256))
    throw invalidOption("shards", shards, "a whole number from 1 to 256");
  const objects = new Objects(namespace, { name, shards, locationHint });
  const many = shards === 1 ? inOneObject(objects, clock) : inManyObjects(objects, clock);
  return {
    name: "durable-object",
    consistency: "cas",
    get: (key) => objects.ask(objects.of(key), clock(), "get", key),
    create: (key, record) => objects.ask(objects.of(key), clock(), "create", key, record),
    update: (key, record, expected) => objects.ask(objects.of(key), clock(), "update", key, record, expected),
    touch: (key, seenAt, expiresAt) => objects.ask(objects.of(key), clock(), "touch", key, seenAt, expiresAt),
    delete: (key) => objects.ask(objects.of(key), clock(), "delete", key),
    epoch: (userId) => many.epoch(userId),
    admit: (key, record, admission) => many.admit(key, record, admission),
    list: (userId, page = {}) => many.list(userId, page),
    ...(shards === 1 &&
      ({
        replace: async (key, record, old, admission) =>
          objects.ask(0, clock(), "replace", key, record, old, admission ?? null),
      } satisfies Pick<ReplaceStore, "replace">)),
    deleteAll: async (userId, { except, limit, at } = {}) =>
      many.deleteAll(userId, { except, limit: checkLimit(limit), at: instantOf("at", at, clock) }),
    scan: (page = {}) => many.scan(page),
    clear: async ({ limit, at } = {}) => many.clear(checkLimit(limit), instantOf("at", at, clock)),
    deleteExpired: async ({ limit } = {}) => many.deleteExpired(checkLimit(limit)),
    health: async () => {
      const start = performance.now();
      await Promise.all(objects.all.map((index) => objects.ask(index, clock(), "probe")));
      return { latencyMs: performance.now() - start };
    },
  };
}
