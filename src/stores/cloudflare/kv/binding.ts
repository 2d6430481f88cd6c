/** The part of a `KVNamespace` that is used; the binding has it as it is. */
export interface KvBinding {
  get(key: string, options?: { cacheTtl?: number }): Promise<string | null>;
  put(key: string, value: string, options?: { expirationTtl?: number }): Promise<void>;
  delete(key: string): Promise<void>;
}
