/**
 * One request's changes on top of what another request stored meanwhile.
 */
import type { Context } from "../context.ts";
import { applyChanges, changesBetween } from "./changes.ts";
import { type Content, type DataObject, decodeData, type Encoded } from "./payload.ts";

/**
 * A fresh object: the winner's data in the present shape (a process of another release may have written it), with
 * everything on top that differs between `base` and `ours`.
 */
export async function mergeOnto(context: Context, winner: Content, base: Encoded, ours: Encoded): Promise<DataObject> {
  const { codec, shape } = context;
  const loaded = await shape.load(winner.encoded, winner.meta.version ?? 0);
  const data = typeof loaded === "string" ? (decodeData(codec, winner.encoded) ?? {}) : loaded;
  applyChanges(data, changesBetween(codec, decodeData(codec, base) ?? {}, decodeData(codec, ours) ?? {}));
  return data;
}
