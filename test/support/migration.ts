/** Processes that migrate, each of which can be stopped before any of its calls to a store, or die there. */
import { type MemoryStore, memoryStore } from "../../src/stores/memory.ts";
import { type MigratingStore, migratingStore } from "../../src/stores/migrating.ts";
import { type FakeClock, fakeClock } from "../../src/testing/index.ts";

export const KEY: string = "k".repeat(43);
export const USER = "ann";

/** Both steps of a roll-out have the same verbs; only who moves can migrate. */
export type Process = MigratingStore<MemoryStore, MemoryStore>;
export type Kind = "moving" | "staying";

export interface World {
  readonly clock: FakeClock;
  readonly from: MemoryStore;
  readonly to: MemoryStore;
  /** `onCall` is awaited before each call to either store, and after it, before its answer arrives. */
  open(kind: Kind, onCall?: OnCall): Process;
  /** A session of the user in the old store, as a program has made it that knows no other. */
  plant(key?: string, payload?: string): Promise<void>;
}

export type OnCall = (verb: string, when: "before" | "after") => Promise<void>;

export function makeWorld(): World {
  const clock = fakeClock();
  const [from, to] = [memoryStore({ clock }), memoryStore({ clock })];
  const open = (kind: Kind, onCall?: OnCall): Process => {
    const stores = [from, to].map((store) => (onCall ? observed(store, onCall) : store)) as [MemoryStore, MemoryStore];
    return migratingStore(...stores, { clock, moves: kind === "moving" });
  };
  return {
    clock,
    from,
    to,
    open,
    plant: async (key = KEY, payload = "0") => {
      const now = clock();
      const times = { createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
      await from.create(key, { payload, userId: USER, ...times });
    },
  };
}

const VERBS = new Set<PropertyKey>(
  "get|create|update|touch|delete|epoch|admit|replace|end|list|deleteAll|scan|clear".split("|"),
);

function observed(inner: MemoryStore, onCall: OnCall): MemoryStore {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (!VERBS.has(name)) return value.bind(target);
      return async (...args: unknown[]) => {
        await onCall(String(name), "before");
        const answer: unknown = await value.apply(target, args);
        await onCall(String(name), "after");
        return answer;
      };
    },
  });
}

/** Stops one process before its call with the number `at`. */
export class Stop {
  readonly #at: number;
  #arrive: () => void = () => {};
  #leave: () => void = () => {};
  readonly reached: Promise<void>;
  readonly #left: Promise<void>;
  calls = 0;

  constructor(at: number) {
    this.#at = at;
    this.reached = new Promise((resolve) => {
      this.#arrive = resolve;
    });
    this.#left = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  readonly onCall: OnCall = async (_verb, when) => {
    if (when === "after") return;
    this.calls += 1;
    if (this.calls !== this.#at) return;
    this.#arrive();
    await this.#left;
  };

  go(): void {
    this.#leave();
  }
}

/** Lets one process make so many calls at a time. */
export class Pace {
  #left = 0;
  #wake: () => void = () => {};
  #stand: () => void = () => {};
  /** Whether it stood still when it had made what it was given. */
  stood = false;

  readonly onCall: OnCall = async (_verb, when) => {
    if (when === "after") return;
    while (this.#left === 0) {
      this.stood = true;
      this.#stand();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#left -= 1;
  };

  /** Resolves when it has made them, or is done. */
  async give(calls: number, work: Promise<unknown>): Promise<void> {
    const standing = new Promise<void>((resolve) => {
      this.#stand = resolve;
    });
    this.stood = false;
    this.#left += calls;
    this.#wake();
    await Promise.race([standing, work]);
  }
}

/** The process is gone from its call with the number `at` on: before it, or when it was done and the answer was under way. */
export function dying(at: number, when: "before" | "after"): { readonly onCall: OnCall; readonly died: () => boolean } {
  let calls = 0;
  let dead = false;
  const onCall: OnCall = async (_verb, now) => {
    if (now === "before") calls += 1;
    if (calls === at && now === when) dead = true;
    if (dead) throw new Error("the process is gone");
  };
  return { onCall, died: () => dead };
}

/** What a call did, as far as the invariants care. */
export interface Outcome {
  readonly ended: boolean;
  readonly wrote?: string;
  readonly touched?: number;
  readonly status?: string;
}

export type Verb = "get" | "update" | "touch" | "delete" | "deleteAll" | "clear" | "migrate" | "login";
export const VERBS_ALL: readonly Verb[] = [
  "get",
  "update",
  "touch",
  "delete",
  "deleteAll",
  "clear",
  "migrate",
  "login",
];
export const ENDING: ReadonlySet<Verb> = new Set<Verb>(["delete", "deleteAll", "clear"]);

let counter = 0;

/** One verb of a process, about the one session. */
export async function act(world: World, process: Process, verb: Verb): Promise<Outcome> {
  const { clock } = world;
  switch (verb) {
    case "get":
      return { ended: false, status: (await process.get(KEY)) === null ? "null" : "record" };
    case "update": {
      const read = await process.get(KEY);
      if (read === null) return { ended: false, status: "gone" };
      counter += 1;
      const payload = `written ${counter}`;
      const next = { payload, userId: USER, createdAt: clock(), seenAt: clock(), expiresAt: clock() + 3_600_000 };
      const { status } = await process.update(KEY, next, read.version);
      return status === "ok" ? { ended: false, status, wrote: payload } : { ended: false, status };
    }
    case "touch": {
      counter += 1;
      const expiresAt = clock() + 7_200_000 + counter;
      const done = await process.touch(KEY, clock() + 1, expiresAt);
      return done ? { ended: false, touched: expiresAt } : { ended: false };
    }
    case "delete":
      return { ended: await process.delete(KEY) };
    case "deleteAll":
      return { ended: (await process.deleteAll(USER))?.includes(KEY) === true };
    case "clear":
      return { ended: (await process.clear()).includes(KEY) };
    case "migrate":
      if (process.name === "") return { ended: false };
      for await (const _ of process.migrate());
      return { ended: false };
    case "login": {
      const epoch = await process.epoch(USER);
      counter += 1;
      const record = {
        payload: "",
        userId: USER,
        createdAt: clock() + 1,
        seenAt: clock(),
        expiresAt: clock() + 60_000,
      };
      const result = await process.admit(`login ${counter}`, record, { epoch, limit: 1000 });
      return { ended: false, status: result.status };
    }
  }
}
