/**
 * How a case is run: its backend gets a name never used before, its stores are opened and closed for it, and a failure
 * tells its seed.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey, SessionRecord } from "../../record.ts";
import type { Store } from "../../stores/store.ts";
import type { FakeClock } from "../fake-clock.ts";
import { fakeClock } from "../fake-clock.ts";
import { freshSeed, seeded } from "../random.ts";

/** What a store is opened with. */
export interface StoreContext {
  /** Give it to the store. It stands still between steps, unless the suite was told `clock: "real"`. */
  readonly clock: Clock;
  /**
   * Names the backend: `[a-z0-9_]`, at most 24 characters, never used before. Make a table, prefix or
   * folder of it. Two opens with one name must see the same records (see `handles`), with two names never.
   */
  readonly name: string;
}

/** One case's surroundings: stores over a backend of its own, time, keys and records. */
export interface Trial<S extends Store = Store> {
  readonly store: S;
  /** The handle with this number; over one handle it is always `store`. For races. */
  handle(index: number): S;
  /** A store over another backend. */
  isolated(): Promise<S>;
  /** One more store over the same backend; only where handles are shared. */
  another(): Promise<S>;
  /** Closes the store and opens the same backend again. */
  reopen(): Promise<S>;
  now(): number;
  /** Lets so much time pass: at once on an injected clock, really on a real one. */
  pass(ms: number): Promise<void>;
  /** A time that is long enough to work within and short enough to wait for. */
  readonly short: number;
  /** How many random histories to play. */
  readonly histories: number;
  readonly seed: number;
  key(): SessionKey;
  /** A record that lives for an hour, but for the changes. */
  record(changes?: Partial<SessionRecord>): SessionRecord;
}

/** What a trial needs to know of the backend. */
export interface Bench<S extends Store> {
  readonly open: (context: StoreContext) => S | Promise<S>;
  readonly close: (store: S) => void | Promise<void>;
  readonly realTime: boolean;
  readonly histories: number;
  readonly seed?: number | undefined;
}

/** Runs one case over `handles` stores of one fresh backend, and closes every store that it opened. */
export async function runTrial<S extends Store>(
  bench: Bench<S>,
  handles: number,
  body: (trial: Trial<S>) => Promise<void>,
): Promise<void> {
  const seed = bench.seed ?? freshSeed();
  const opened = new Set<S>();
  const clock = bench.realTime ? (): number => Date.now() : fakeClock();
  const open = async (name: string): Promise<S> => {
    const store = await bench.open({ clock, name });
    opened.add(store);
    return store;
  };
  const name = freshName();
  try {
    const stores: S[] = [];
    for (let index = 0; index < handles; index++) stores.push(await open(name));
    const shut = async (store: S): Promise<void> => {
      opened.delete(store);
      await bench.close(store);
    };
    await body(makeTrial(bench, { stores, clock, seed, open, shut, name }));
  } catch (error) {
    if (error instanceof Error) error.message += `\n(seed: ${seed})`;
    throw error;
  } finally {
    for (const store of opened) await bench.close(store);
  }
}

interface Parts<S extends Store> {
  readonly stores: readonly S[];
  readonly clock: Clock | FakeClock;
  readonly seed: number;
  readonly name: string;
  open(name: string): Promise<S>;
  shut(store: S): Promise<void>;
}

function makeTrial<S extends Store>(bench: Bench<S>, parts: Parts<S>): Trial<S> {
  const random = seeded(parts.seed);
  const { clock, stores } = parts;
  const store = stores[0] as S;
  return {
    store,
    seed: parts.seed,
    histories: bench.histories,
    handle: (index) => stores[index % stores.length] as S,
    isolated: () => parts.open(freshName()),
    another: () => parts.open(parts.name),
    reopen: async () => {
      await parts.shut(store);
      return parts.open(parts.name);
    },
    now: () => clock(),
    pass: async (ms) => {
      if ("advance" in clock) clock.advance(ms);
      else await waitUntil(clock() + ms, clock);
    },
    short: bench.realTime ? 1_000 : 60_000,
    key: () => random.key(),
    record: (changes) => ({
      payload: '{"cart":[1,2,3]}',
      createdAt: clock(),
      seenAt: clock(),
      expiresAt: clock() + 3_600_000,
      ...changes,
    }),
  };
}

/** Real time; only where the backend's own clock, timers or messages leave no other way. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    globalThis.setTimeout(resolve, ms);
  });
}

/** A timer may fire a millisecond before the wall clock has moved that far, and the clock may be set back. */
async function waitUntil(instant: number, clock: Clock): Promise<void> {
  for (let left = instant - clock(); left > 0; left = instant - clock()) await wait(left);
}

let names = 0;

function freshName(): string {
  names += 1;
  return `t${Date.now().toString(36)}_${freshSeed().toString(36)}_${names.toString(36)}`;
}
