/**
 * Stores on Cloudflare's platform, for Workers: D1, Durable Objects, and KV where nothing depends on it.
 *
 * @module
 */

export { type D1Store, type D1StoreOptions, d1Store } from "./cloudflare/d1/d1.ts";
export type { D1Answer, D1Binding, D1Statement } from "./cloudflare/d1/database.ts";
export type {
  ObjectAnswer,
  ObjectBinding,
  ObjectSql,
  ObjectState,
  ObjectStub,
} from "./cloudflare/durable-object/binding.ts";
export {
  type DurableObjectStore,
  type DurableObjectStoreOptions,
  durableObjectStore,
} from "./cloudflare/durable-object/durable-object.ts";
export { SessionObject } from "./cloudflare/durable-object/session-object.ts";
export { type KvStore, type KvStoreOptions, kvStore } from "./cloudflare/kv/kv.ts";
export type { KvBinding } from "./cloudflare/kv/values.ts";
