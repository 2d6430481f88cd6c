/**
 * The published suite: which groups of cases a store gets by its interfaces, and which of their cases fit its backend.
 */
import type { EndStore, ReplaceStore, Store, WatchStore } from "../../stores/store.ts";
import {
  isClosableStore,
  isEndStore,
  isHealthStore,
  isReplaceStore,
  isScanStore,
  isSweepStore,
  isUserStore,
  isWatchStore,
} from "../../stores/store.ts";
import { admission } from "./admission.ts";
import { basics } from "./basics.ts";
import type { Case, Group, Requirement } from "./case.ts";
import { clients } from "./clients.ts";
import { compareAndSet } from "./compare-and-set.ts";
import { ending, watchEnd } from "./ends.ts";
import { close, health, watch, watchReplace } from "./lifecycle.ts";
import { races } from "./races.ts";
import { histories } from "./random-runs.ts";
import { replaceRaces } from "./replace-races.ts";
import { replacing } from "./replacing.ts";
import { clearInstants, revocation } from "./revocation.ts";
import { scan, sweep } from "./scan.ts";
import { time } from "./time.ts";
import type { Bench, StoreContext, Trial } from "./trial.ts";
import { runTrial } from "./trial.ts";
import { userIds } from "./user-ids.ts";
import { clearRaces, userRaces } from "./user-races.ts";
import type { UserScanStore } from "./users.ts";
import { users } from "./users.ts";
import { values } from "./values.ts";

/** What the suite needs in order to try a store. */
export interface StoreContractOptions<S extends Store = Store> {
  /** The runner's `describe` (vitest, node:test, bun:test, mocha…). */
  readonly describe: (name: string, body: () => void) => unknown;
  /** The runner's `it` or `test`. */
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  /**
   * Makes a store over the backend that `context.name` names, and gives it `context.clock`. Called for
   * every case, with a name never used before, and again with the same name where `handles` or
   * `durable` allow it.
   */
  readonly open: (context: StoreContext) => S | Promise<S>;
  /**
   * Lets go of a store, but not of what its backend holds: the name may be opened again. May be called for
   * a store that a case has closed. Default: the store's own `close`, when it has one.
   */
  readonly close?: ((store: S) => void | Promise<void>) | undefined;
  /**
   * `"shared"`: two opens with one name see the same records, as two processes would; the races then run
   * across two stores as well. Default `"one"`: each open is a backend of its own.
   */
  readonly handles?: "one" | "shared" | undefined;
  /** Whether records outlive the store that wrote them: the same name is opened again after a close. Default false. */
  readonly durable?: boolean | undefined;
  /**
   * `"real"`: the backend expires by a clock of its own. The suite then waits (up to some seconds) where time
   * must pass, says so in the cases' names, and leaves out what only a clock that stands still can show. Default
   * `"injected"`.
   */
  readonly clock?: "injected" | "real" | undefined;
  /** How many random histories are played against the reference model; default 40. Fewer for a slow backend. */
  readonly histories?: number | undefined;
  /** Repeats a failure: the seed that its message gave. Default: a new one each time. */
  readonly seed?: number | undefined;
}

/** What the suite found the store to be able to do. */
export interface StoreContractReport {
  readonly store: string;
  /** Names of the groups that were registered. */
  readonly ran: readonly string[];
  /** Names of the groups that the store has no verbs for. */
  readonly absent: readonly string[];
}

interface Plan<S extends Store> {
  readonly options: StoreContractOptions<S>;
  readonly bench: Bench<S>;
  readonly met: ReadonlySet<Requirement>;
}

/**
 * Registers the contract of a store with a test runner: what every store keeps, races and time included,
 * and what goes with each optional interface that the store has. Opens the store once to see which those
 * are, so await it at the top level of the test file.
 *
 * The decisions that it takes where backends differ: a payload is well-formed Unicode; NUL is kept or
 * refused with an error, half of a surrogate pair may become U+FFFD. Any string can be asked for as a
 * key without harm; 43 characters of base64url, case-sensitive, must work. Versions do not come back,
 * not even when a key is deleted and created again. Ties in listings are in byte order.
 *
 * @returns Which groups were registered, and which the store has no verbs for.
 *
 * @example
 * ```ts no-run
 * import { describe, it } from "node:test";
 * import { storeContract } from "sojourn/testing";
 *
 * await storeContract({ describe, it, open: ({ clock, name }) => sqliteStore(`./${name}.db`, { clock }) });
 * ```
 */
export async function storeContract<S extends Store>(options: StoreContractOptions<S>): Promise<StoreContractReport> {
  const bench: Bench<S> = {
    open: options.open,
    close: options.close ?? ((store) => (isClosableStore(store) ? store.close() : undefined)),
    realTime: options.clock === "real",
    histories: options.histories ?? 40,
    seed: options.seed,
  };
  let report: StoreContractReport | undefined;
  await runTrial(bench, 1, async ({ store }) => {
    const plan = { options, bench, met: requirements(options, store) };
    const ran: string[] = [];
    const absent: string[] = [];
    options.describe(`contract of the store "${store.name}"`, () => {
      const add = <T extends Store>(group: Group<T>, able: boolean): void => {
        (able ? ran : absent).push(group.name);
        if (able) register(plan as unknown as Plan<T>, group);
      };
      addGroups(store, add);
      options.it(`covers ${ran.join(", ")}${absent.length ? `; has no ${absent.join(", ")}` : ""}`, async () => {});
    });
    report = { store: store.name, ran, absent };
  });
  return report as unknown as StoreContractReport;
}

type Add = <T extends Store>(group: Group<T>, able: boolean) => void;

function addGroups(store: Store, add: Add): void {
  for (const group of [basics, values, time, compareAndSet, races]) add(group, true);
  for (const group of [users, userIds, revocation, admission, userRaces]) add(group, isUserStore(store));
  for (const group of [replacing, replaceRaces]) add(group, isUserStore(store) && isReplaceStore(store));
  add(ending, isEndStore(store));
  add(scan, isScanStore(store));
  for (const group of [clearInstants, clearRaces]) add<UserScanStore>(group, isUserStore(store) && isScanStore(store));
  add(sweep, isSweepStore(store));
  add(watch, isWatchStore(store));
  add<ReplaceStore & WatchStore>(watchReplace, isReplaceStore(store) && isWatchStore(store));
  add<EndStore & WatchStore>(watchEnd, isEndStore(store) && isWatchStore(store));
  add(histories, true);
  add(clients, true);
  add(close, isClosableStore(store));
  add(health, isHealthStore(store));
}

function requirements<S extends Store>(options: StoreContractOptions<S>, store: S): ReadonlySet<Requirement> {
  const met = new Set<Requirement>();
  if (options.clock !== "real") met.add("injected-clock");
  if (options.durable) met.add("durable");
  if (options.handles === "shared") met.add("shared");
  if (store.consistency === "cas") met.add("compare-and-set");
  if (store.consistency !== "none") met.add("insert-update");
  return met;
}

function register<S extends Store>({ options, bench, met }: Plan<S>, group: Group<S>): void {
  const cases = group.cases.filter((each) => (each.needs ?? []).every((need) => met.has(need)));
  if (cases.length === 0) return;
  const rounds = group.acrossHandles && options.handles === "shared" ? [1, 2] : [1];
  for (const handles of rounds) {
    const suffix = handles === 1 ? "" : ", across two handles";
    options.describe(`${group.name}${suffix}${bench.realTime ? " (in real time)" : ""}`, () => {
      for (const each of cases) {
        options.it(each.name, () => runTrial(bench, handles, (trial: Trial<S>) => (each as Case<S>).run(trial)));
      }
    });
  }
}
