/** Two migrating stores over the same pair, as two steps of a roll-out that overlap. */
import type { Clock } from "../../src/clock.ts";
import type { Version } from "../../src/record.ts";
import type { MigratingStore, StorePair } from "../../src/stores/migrating.ts";
import { migratingStore } from "../../src/stores/migrating.ts";
import type { ScanStore, Store, UserStore } from "../../src/stores/store.ts";

type Full = UserStore & ScanStore;

/**
 * A migrating store for which every second session, by its key, is made in the old store, by a process of the roll-out's
 * first step; reading and writing is all done by a process of the second.
 */
export function halvedStore<From extends Full, To extends Full>(
  from: From,
  to: To,
  clock: Clock,
): MigratingStore<From, To> {
  const [moving, staying] = both(from, to, clock);
  return divided(moving, staying) as Store as MigratingStore<From, To>;
}

/** The other way round: what is in the new store already is found, and stays there. */
export function restingStore<From extends Full, To extends Full>(
  from: From,
  to: To,
  clock: Clock,
): StorePair<From, To> {
  const [moving, staying] = both(from, to, clock);
  return divided(staying, moving) as Store as StorePair<From, To>;
}

function both(from: Full, to: Full, clock: Clock): readonly [moving: UserStore, staying: UserStore] {
  return [migratingStore(from, to, { clock }), migratingStore(from, to, { clock, moves: false })];
}

/**
 * A move counts as a write, so who made a session cannot go on with the version that it was told once another has moved it: the
 * answer is the version that is read. Keys are random, so no two processes ever make a session of one key at once, as the
 * suite does: these calls take turns. So do limited logins, for which the limit is exact in one step of a roll-out only.
 */
function divided(store: UserStore, maker: UserStore): UserStore {
  const isOdd = (key: string): boolean => key.charCodeAt(0) % 2 === 1;
  const asRead = async (key: string, version: Version): Promise<Version> => (await store.get(key))?.version ?? version;
  const made: Pick<UserStore, "create" | "admit"> = {
    create: (key, record) =>
      inTurn(key, async () => {
        if (!isOdd(key)) return store.create(key, record);
        const version = await maker.create(key, record);
        return version === null ? null : asRead(key, version);
      }),
    admit: (key, record, admission) =>
      inTurn(key, async () => {
        if (!isOdd(key) || admission.limit !== undefined) return store.admit(key, record, admission);
        const result = await maker.admit(key, record, admission);
        return result.status === "ok" ? { ...result, version: await asRead(key, result.version) } : result;
      }),
  };
  return new Proxy(store, {
    get: (target, name) => Reflect.get(name in made ? made : target, name),
  });
}

const turns = new Map<string, Promise<unknown>>();

function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key);
  const mine = before === undefined ? work() : before.then(work, work);
  turns.set(key, mine);
  return mine.finally(() => {
    if (turns.get(key) === mine) turns.delete(key);
  });
}
