/**
 * One request's changes, by top-level key, on top of what another request stored meanwhile.
 */

import { type Awaitable, chain } from "../awaitable.ts";
import type { Codec } from "../codec/codec.ts";
import { type Content, type DataObject, decodeData, type Encoded, sameEncoded } from "./payload.ts";
import type { Shape } from "./schema.ts";

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

/**
 * A fresh object: the winner's data in the present shape (a process of another release may have written it), with
 * everything on top that differs between `base` and `ours`.
 */
export function mergeOnto(
  codec: Codec,
  shape: Shape,
  winner: Content,
  base: Encoded,
  ours: Encoded,
): Awaitable<DataObject> {
  return chain(shape.load(winner.encoded, winner.meta.version ?? 0), (loaded) => {
    const data = typeof loaded === "string" ? (decodeData(codec, winner.encoded) ?? {}) : loaded;
    if (!sameEncoded(base, ours))
      applyChanges(data, changesBetween(codec, decodeData(codec, base) ?? {}, decodeData(codec, ours) ?? {}));
    return data;
  });
}
