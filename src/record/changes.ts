/**
 * What one request changed, by top-level key, so that it can be applied to data that another request
 * changed meanwhile.
 */
import type { Codec } from "../codec/codec.ts";
import { type DataObject, sameEncoded } from "./payload.ts";

/** A key and its new value; `removed` when the key is to go. */
export type Change =
  | { readonly key: string; readonly value: unknown }
  | { readonly key: string; readonly removed: true };

/** The keys whose encoding differs. A key set to undefined counts as removed. */
export function changesBetween(codec: Codec, before: DataObject, after: DataObject): Change[] {
  const changes: Change[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (key === "__proto__") continue; // assigning it below would swap the prototype
    const value = after[key];
    const removed = !Object.hasOwn(after, key) || value === undefined;
    if (removed) {
      if (Object.hasOwn(before, key)) changes.push({ key, removed: true });
    } else if (
      !Object.hasOwn(before, key) ||
      !sameEncoded(codec.encode({ [key]: value }), codec.encode({ [key]: before[key] }))
    ) {
      changes.push({ key, value });
    }
  }
  return changes;
}

export function applyChanges(target: DataObject, changes: readonly Change[]): void {
  for (const change of changes) {
    if ("removed" in change) delete target[change.key];
    else target[change.key] = change.value;
  }
}
