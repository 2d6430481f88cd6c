/**
 * The store of a session that has none: the record is in the cookie, so every write succeeds at once
 * and the new cookie is the write. It cannot revoke, which is why its manager has no verbs for that.
 */
import { atOnce } from "../awaitable.ts";
import type { Store } from "../stores/store.ts";

export const statelessStore: Store = {
  name: "stateless",
  consistency: "none",
  get: atOnce(() => null),
  create: atOnce(() => 0),
  update: atOnce(() => ({ status: "ok", version: 0 })),
  touch: atOnce(() => true),
  delete: atOnce(() => true),
};
