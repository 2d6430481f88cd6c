/**
 * The store of a session that has none: the record is in the cookie, so every write succeeds at once
 * and the new cookie is the write. It cannot revoke, which is why its manager has no verbs for that.
 */
import type { Store } from "../stores/store.ts";

export const statelessStore: Store = {
  name: "stateless",
  consistency: "none",
  get: async () => null,
  create: async () => 0,
  update: async () => ({ status: "ok", version: 0 }),
  touch: async () => true,
  delete: async () => true,
};
