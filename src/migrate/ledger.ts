/**
 * Which old sessions were read, by the hash of what proved them.
 */
import type { Store } from "../index.ts";
import { sha256 } from "./cryptography.ts";
import { type Found, jsonOf, type Reader } from "./reader.ts";

export class Ledger {
  readonly #store: Store;
  readonly #until: number;

  constructor(store: Store, until: Date) {
    this.#store = store;
    this.#until = until.getTime();
  }

  async find(reader: Reader, found: Found): Promise<{ readonly id: string; readonly at: number } | undefined> {
    const record = await this.#store.get(await keyOf(reader, found));
    if (!record) return undefined;
    return { id: String(jsonOf(record.payload)?.id), at: record.createdAt };
  }

  /** The first one stays: what comes with the same proof is measured from there. */
  async write(reader: Reader, found: Found, id: string): Promise<void> {
    const now = Date.now();
    const times = { createdAt: now, seenAt: now, expiresAt: Math.max(this.#until, now + 1000) };
    await this.#store.create(await keyOf(reader, found), {
      payload: JSON.stringify({ id }),
      userId: undefined,
      ...times,
    });
  }
}

function keyOf(reader: Reader, { proof }: Found): Promise<string> {
  return sha256(`sojourn import\0${reader.name}\0${proof}`);
}
