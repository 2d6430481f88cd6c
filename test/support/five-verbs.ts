import type { Store } from "../../src/stores/store.ts";

/** The same store without any optional interface: no index, no walk, no `watch`. */
export function fiveVerbs(store: Store): Store {
  const { name, consistency } = store;
  return {
    name,
    consistency,
    get: (key) => store.get(key),
    create: (key, record) => store.create(key, record),
    update: (key, record, expected) => store.update(key, record, expected),
    touch: (key, seenAt, expiresAt) => store.touch(key, seenAt, expiresAt),
    delete: (key) => store.delete(key),
  };
}
