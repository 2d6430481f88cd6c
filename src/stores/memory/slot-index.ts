/**
 * The index of a memory store, from a session key or a user id to a slot.
 */
import { NONE } from "./columns.ts";

const SHARDS = 256;

/**
 * Slots by text. Many small maps and not one, because a map of a million entries stands still for a
 * tenth of a second whenever it grows or shrinks, and ends at 2^24 entries.
 */
export class SlotIndex {
  readonly #shards: (Map<string, number> | undefined)[] = new Array<undefined>(SHARDS).fill(undefined);

  get(text: string): number {
    return this.#shards[shardOf(text)]?.get(text) ?? NONE;
  }

  set(text: string, slot: number): void {
    const shard = shardOf(text);
    const map = this.#shards[shard];
    if (map) map.set(text, slot);
    else this.#shards[shard] = new Map([[text, slot]]);
  }

  delete(text: string): void {
    this.#shards[shardOf(text)]?.delete(text);
  }
}

/** Only spreads; equality is the map's. The end of a text differs most, in session keys and in numbered users. */
function shardOf(text: string): number {
  let hash = text.length;
  for (let at = Math.max(0, text.length - 6); at < text.length; at++) hash = Math.imul(hash, 31) + text.charCodeAt(at);
  return (hash ^ (hash >>> 8)) & (SHARDS - 1);
}
