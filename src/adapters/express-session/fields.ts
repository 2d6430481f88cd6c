/**
 * The data of a session as text, and what two texts say differently. The cookie is no part of it: its deadline moves
 * with every request.
 */

/** @throws What `JSON.stringify` throws: a cycle, a BigInt, a `toJSON` of the application's. */
export function textOf(session: object): string {
  // One copy and one native call cost a third of what a replacer function does.
  const { cookie: _, ...data } = session as { cookie?: unknown };
  return JSON.stringify(data);
}

/**
 * What `ours` changed since `base`, on top of `current`: of two requests that change different keys both keep their
 * change; of one key the last one wins.
 */
export function mergeFields(current: object, base: string, ours: string): Record<string, unknown> {
  const before = JSON.parse(base) as Record<string, unknown>;
  const now = JSON.parse(ours) as Record<string, unknown>;
  const { cookie: _, ...merged } = current as Record<string, unknown>;
  for (const key of Object.keys(before)) if (!Object.hasOwn(now, key)) delete merged[key];
  for (const [key, value] of Object.entries(now)) {
    const unchanged = Object.hasOwn(before, key) && JSON.stringify(before[key]) === JSON.stringify(value);
    if (!unchanged) Object.defineProperty(merged, key, { value, configurable: true, enumerable: true, writable: true });
  }
  return merged;
}
