/**
 * A proxy over any store, by which a test holds, fails, hangs or counts single calls. Every order of calls is played by
 * `interleavings`.
 */
import type { SessionKey } from "../record.ts";
import type { Store } from "../stores/store.ts";

/** Verbs that can be held, failed and counted: all that answer with a promise. */
export type StoreVerb =
  | "get"
  | "create"
  | "update"
  | "touch"
  | "delete"
  | "epoch"
  | "admit"
  | "replace"
  | "end"
  | "list"
  | "deleteAll"
  | "scan"
  | "clear"
  | "deleteExpired"
  | "close"
  | "health";

const VERBS: readonly StoreVerb[] = [
  ...(["get", "create", "update", "touch", "delete", "epoch", "admit", "replace", "end"] as const),
  ...(["list", "deleteAll", "scan", "clear", "deleteExpired", "close", "health"] as const),
];

/** Which calls of a verb are meant, and at which side of the store. */
export interface CallFilter {
  /**
   * `"before"`: the store has not seen the call. `"after"`: it has done it, the answer is on its way. Default before.
   */
  readonly when?: "before" | "after" | undefined;
  /** Only calls whose first argument (the key, or the user) is this. Default any. */
  readonly key?: SessionKey | undefined;
}

/** A failure to come. */
export interface FaultOptions extends CallFilter {
  /** How many calls; default all until `restore`. */
  readonly times?: number | undefined;
  /** What the call rejects with; default an `Error` that says it was injected. */
  readonly error?: unknown;
}

/** One call that is held. */
export interface Gate {
  /** Resolves when a call stands at the gate. */
  readonly reached: Promise<void>;
  /** Lets the call go on, or through at once when it comes later. */
  release(): void;
  /** Lets the call fail in place of going on. After the store has done it, that is a lost answer. */
  fail(error?: unknown): void;
}

/** A store and the levers to disturb it. */
export interface InstrumentedStore<S extends Store> {
  /** Give this to whatever is tested. It has the optional interfaces that the inner store has. */
  readonly store: S;
  /** How often each verb was called. */
  readonly calls: Readonly<Record<StoreVerb, number>>;
  /** How often any verb was called. */
  readonly total: number;
  /** Holds the next call that fits, once. */
  hold(verb: StoreVerb, filter?: CallFilter): Gate;
  /** Makes calls fail: before the store has seen them, or after it has done them (the answer was lost). */
  fail(verb: StoreVerb | readonly StoreVerb[], options?: FaultOptions): void;
  /** Makes calls hang until `restore`. */
  hang(verb: StoreVerb | readonly StoreVerb[], options?: CallFilter): void;
  /** Takes away every fault and gate; what is held or hangs goes on. */
  restore(): void;
  /** Counts from 0 again. */
  resetCalls(): void;
}

/** What stands between a caller and the store for some calls. */
interface Obstacle {
  readonly verbs: readonly StoreVerb[];
  readonly filter: CallFilter;
  left: number;
  meet(): Promise<void>;
  lift(): void;
}

/**
 * Wraps a store so that a test can hold a call before or after it reaches the store, make calls fail or hang,
 * and count them. Interleavings and outages are then driven, not hoped for.
 *
 * @example
 * ```ts
 * const { store, hold } = instrumentedStore(memoryStore());
 * const record = { payload: "{}", createdAt: Date.now(), seenAt: Date.now(), expiresAt: Date.now() + 60_000 };
 * const version = (await store.create("key", record)) ?? 0;
 * const gate = hold("update");
 * const saving = store.update("key", { ...record, payload: '{"a":1}' }, version); // stands at the gate
 * await gate.reached;
 * await store.delete("key"); // a logout in between
 * gate.release();
 * const result = await saving; // → { status: "gone" }
 * ```
 */
export function instrumentedStore<S extends Store>(inner: S): InstrumentedStore<S> {
  const obstacles = new Set<Obstacle>();
  const held = new Set<Obstacle>();
  const calls = Object.fromEntries(VERBS.map((verb) => [verb, 0])) as Record<StoreVerb, number>;
  const add = (verbs: StoreVerb | readonly StoreVerb[], filter: CallFilter, times: number, act: Act): void => {
    obstacles.add({ verbs: [verbs].flat(), filter, left: times, ...act });
  };
  return {
    store: wrap(inner, { obstacles, held, calls }),
    calls,
    get total() {
      return VERBS.reduce((sum, verb) => sum + calls[verb], 0);
    },
    hold: (verb, filter = {}) => {
      const { gate, act } = makeGate();
      add(verb, filter, 1, act);
      return gate;
    },
    fail: (verbs, { times = Number.POSITIVE_INFINITY, error, ...filter } = {}) => {
      const failure = error ?? new Error("injected failure of the store");
      add(verbs, filter, times, { meet: () => Promise.reject(failure), lift: () => {} });
    },
    hang: (verbs, filter = {}) => {
      const { gate, act } = makeGate();
      add(verbs, filter, Number.POSITIVE_INFINITY, { meet: act.meet, lift: () => gate.release() });
    },
    restore: () => {
      for (const obstacle of [...obstacles, ...held]) obstacle.lift();
      obstacles.clear();
    },
    resetCalls: () => {
      for (const verb of VERBS) calls[verb] = 0;
    },
  };
}

type Act = Pick<Obstacle, "meet" | "lift">;

function makeGate(): { readonly gate: Gate; readonly act: Act } {
  let arrive = (): void => {};
  let pass = (): void => {};
  let refuse: (error: unknown) => void = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const open = new Promise<void>((resolve, reject) => {
    pass = resolve;
    refuse = reject;
  });
  // A gate that is failed before any call came must not end the process.
  open.catch(() => {});
  const gate: Gate = {
    reached,
    release: () => pass(),
    fail: (error = new Error("injected failure of the store")) => refuse(error),
  };
  const meet = (): Promise<void> => {
    arrive();
    return open;
  };
  return { gate, act: { meet, lift: () => pass() } };
}

interface Desk {
  readonly obstacles: Set<Obstacle>;
  /** What some call stands at right now. */
  readonly held: Set<Obstacle>;
  readonly calls: Record<StoreVerb, number>;
}

function wrap<S extends Store>(inner: S, { obstacles, held, calls }: Desk): S {
  const pass = async (verb: StoreVerb, when: "before" | "after", key: unknown): Promise<void> => {
    for (const obstacle of obstacles) {
      const { verbs, filter } = obstacle;
      // What a test sets for `update` is meant for an `end`, too, which is one that tells.
      const meant = verbs.includes(verb) || (verb === "end" && verbs.includes("update"));
      if (!meant || (filter.when ?? "before") !== when) continue;
      if (filter.key !== undefined && filter.key !== key) continue;
      obstacle.left -= 1;
      if (obstacle.left <= 0) obstacles.delete(obstacle);
      held.add(obstacle);
      return obstacle.meet().finally(() => held.delete(obstacle));
    }
  };
  return new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const bound = value.bind(target) as (...args: unknown[]) => unknown;
      const verb = VERBS.find((each) => each === name);
      if (verb === undefined) return bound;
      return async (...args: unknown[]) => {
        calls[verb] += 1;
        await pass(verb, "before", args[0]);
        const answer = await bound(...args);
        await pass(verb, "after", args[0]);
        return answer;
      };
    },
  });
}
