/**
 * How one store serves run after run: it is emptied, filled with the same records and given a clock that starts after
 * what it remembers of revocations.
 */
import type { Clock, SessionKey, SessionRecord, Store } from "../../index.ts";
import { isScanStore, type ScanStore } from "../../stores/store.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";

/** Makes an empty store that reads this clock. */
export type OpenStore = (clock: Clock) => Store | Promise<Store>;

/** So much later than the first run a run may begin: whatever is due then was due at the first, and nothing else. */
const LATEST_MS = 30_000;

interface Spare {
  readonly store: ScanStore;
  readonly clock: { now: Clock };
  /** A store remembers for a day when somebody was revoked, so the next run begins after that. */
  readonly from: number;
}

/** What a run begins with. */
export interface Filled {
  readonly store: Store;
  readonly clock: FakeClock;
  /** A revocation took effect. */
  revoked: boolean;
}

/** Stores with what all runs begin with. To open one costs more than a run, so one is emptied and used again. */
export class ReusedStore {
  readonly #open: OpenStore;
  readonly #records: readonly (readonly [SessionKey, SessionRecord])[];
  readonly #time: number;
  readonly #lent: WeakMap<Store, Spare> = new WeakMap();
  #spare: Spare | undefined;

  constructor(open: OpenStore, records: readonly (readonly [SessionKey, SessionRecord])[], time: number) {
    this.#open = open;
    this.#records = records;
    this.#time = time;
  }

  async fill(): Promise<Filled> {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare) {
      const clock = fakeClock(Math.max(this.#time, spare.from));
      for (const { key } of (await spare.store.scan({ limit: 1_000 })).items) await spare.store.delete(key);
      spare.clock.now = clock;
      if (await this.#fill(spare.store)) return this.#filled(spare.store, clock, spare);
    }
    const clock = fakeClock(this.#time);
    const own = { now: clock };
    const store = await this.#open(() => own.now());
    await this.#fill(store);
    return this.#filled(store, clock, isScanStore(store) ? { store, clock: own, from: this.#time } : undefined);
  }

  /** Nothing is under way in it any more. */
  giveBack({ store, clock, revoked }: Filled): void {
    const spare = this.#lent.get(store);
    const from = revoked ? clock() + 1 : (spare?.from ?? 0);
    if (spare && from - this.#time <= LATEST_MS) this.#spare = { ...spare, from };
  }

  #filled(store: Store, clock: FakeClock, spare: Spare | undefined): Filled {
    if (spare) this.#lent.set(store, spare);
    return { store, clock, revoked: false };
  }

  async #fill(store: Store): Promise<boolean> {
    for (const [key, record] of this.#records) if ((await store.create(key, record)) === null) return false;
    return true;
  }
}
