/**
 * The reads of a moment ago, kept for the writes that follow them.
 */
import type { StoredRecord, Version } from "../../record.ts";

/** What a read found. */
export interface Found {
  readonly record: StoredRecord;
  /** The server's number of the item; a write that presents it changes exactly what was read. */
  readonly cas: string;
}

/** Reads to remember, and the longest payload of one: at most 8 MB. */
const MOST = 512;
const LONGEST = 16_384;

/**
 * The last reads of this process, so that the write that follows a read needs no second one. Only a hint: when the item
 * has changed since, the number does not fit and the server says so.
 */
export class Recent {
  readonly #found = new Map<string, Found>();

  remember(key: string, found: Found): void {
    this.#found.delete(key);
    if (found.record.payload.length > LONGEST) return;
    this.#found.set(key, found);
    if (this.#found.size <= MOST) return;
    const [oldest] = this.#found.keys();
    if (oldest !== undefined) this.#found.delete(oldest);
  }

  /** What was read, once: after a write it is out of date. */
  take(key: string, version?: Version): Found | undefined {
    const found = this.#found.get(key);
    if (found === undefined || (version !== undefined && found.record.version !== version)) return undefined;
    this.#found.delete(key);
    return found;
  }

  forget(): void {
    this.#found.clear();
  }
}
