/** A store with one mistake, of a kind that real ones have, and the case of the suite that must catch it. */
import type { MemoryStore } from "../../../src/stores/memory.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { Store } from "../../../src/stores/store.ts";
import type { StoreContext } from "../../../src/testing/index.ts";

export interface BrokenStore {
  readonly mistake: string;
  readonly open: (context: StoreContext) => Store;
  /** Part of the name of a case that must fail. */
  readonly caughtBy: string;
}

type Verbs = Partial<MemoryStore>;

/** A memory store with some verbs replaced. */
export function instead(inner: MemoryStore, verbs: Verbs): Store {
  return new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = name in verbs ? verbs[name as keyof MemoryStore] : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

export function broken(mistake: string, caughtBy: string, verbs: (inner: MemoryStore, context: StoreContext) => Verbs) {
  const open = (context: StoreContext): Store => {
    const inner = memoryStore({ clock: context.clock });
    return instead(inner, verbs(inner, context));
  };
  return { mistake, caughtBy, open };
}

export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
