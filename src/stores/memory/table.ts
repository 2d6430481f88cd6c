/**
 * The table of a memory store: records in columns by slot, the orders over them, and the bytes that each counts for.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import type { Entry } from "../store.ts";
import { LinkColumn, NONE, NumberColumn, TextColumn } from "./columns.ts";
import { Deadlines } from "./deadlines.ts";
import { Recency } from "./recency.ts";
import { SlotIndex } from "./slot-index.ts";
import { UserLists } from "./user-lists.ts";

/** What a record costs beside its texts, rounded up: the columns, the index and the strings' own headers. */
const OVERHEAD = 200;

const WIDE = /[\u0100-\uffff]/;

/** Bytes that the engine needs for a text: two for each character as soon as one is outside of Latin-1. */
function size(text: string): number {
  return WIDE.test(text) ? 2 * text.length : text.length;
}

/** What a record counts for against `maxBytes`. */
export function footprint(key: SessionKey, record: SessionRecord): number {
  return OVERHEAD + key.length + size(record.payload) + (record.userId === undefined ? 0 : size(record.userId));
}

/** The records, and every order that they are kept in. Knows nothing of clocks: expired records are in it as well. */
export class Table {
  readonly #keys: TextColumn = new TextColumn();
  readonly #payloads: TextColumn = new TextColumn();
  readonly #userIds: TextColumn = new TextColumn();
  readonly #createdAt: NumberColumn = new NumberColumn();
  readonly #seenAt: NumberColumn = new NumberColumn();
  readonly #expiresAt: NumberColumn = new NumberColumn();
  readonly #versions: NumberColumn = new NumberColumn();
  readonly #sizes: LinkColumn = new LinkColumn();
  readonly #index: SlotIndex = new SlotIndex();
  readonly #deadlines: Deadlines = new Deadlines(this.#expiresAt);
  readonly #byUser: UserLists = new UserLists((a, b) => this.#before(a, b));
  /** Sessions with a user, and those without: a flood of visitors must not push users out. */
  readonly #users: Recency = new Recency();
  readonly #visitors: Recency = new Recency();
  #last: number = NONE;
  /** Slots that were given back, each linked to the next. */
  readonly #free: LinkColumn = new LinkColumn();
  #firstFree: number = NONE;
  #end = 0;
  /** One counter for all keys, so that no version ever comes back. */
  #version = 0;
  count = 0;
  bytes = 0;

  /** The slot of a key that expires after `now`. */
  live(key: SessionKey, now: number): number {
    const slot = this.#index.get(key);
    return slot !== NONE && this.#expiresAt.get(slot) > now ? slot : NONE;
  }

  /** The slot of a key, expired or not. */
  find(key: SessionKey): number {
    return this.#index.get(key);
  }

  isLive(slot: number, now: number): boolean {
    return this.#expiresAt.get(slot) > now;
  }

  read(slot: number): StoredRecord {
    return {
      payload: this.#payloads.get(slot) as string,
      userId: this.#userIds.get(slot),
      createdAt: this.#createdAt.get(slot),
      seenAt: this.#seenAt.get(slot),
      expiresAt: this.#expiresAt.get(slot),
      version: this.#versions.get(slot),
    };
  }

  key(slot: number): SessionKey {
    return this.#keys.get(slot) as string;
  }

  userId(slot: number): string | undefined {
    return this.#userIds.get(slot);
  }

  entry(slot: number): Entry {
    return { key: this.key(slot), record: this.read(slot) };
  }

  version(slot: number): Version {
    return this.#versions.get(slot);
  }

  /** Marks a record as used just now. */
  use(slot: number): void {
    this.#last = slot;
    this.#recencyOf(slot).use(slot);
  }

  /**
   * The session to end when there is no room, never the one that was used last: a visitor's before any user's, and of
   * those the one that was used the longest ago.
   */
  get oldest(): number {
    const { oldest } = this.#visitors;
    return oldest === NONE || (oldest === this.#last && this.#users.oldest !== NONE) ? this.#users.oldest : oldest;
  }

  get firstToExpire(): number {
    return this.#deadlines.first;
  }

  /** One past the highest slot that was ever used. */
  get end(): number {
    return this.#end;
  }

  usersSlots(userId: string): Iterable<number> {
    return this.#byUser.of(userId);
  }

  /** The key must not be there. */
  insert(key: SessionKey, record: SessionRecord): Version {
    const slot = this.#take();
    this.#keys.set(slot, key);
    this.#index.set(key, slot);
    const version = this.#write(slot, record);
    this.#deadlines.add(slot);
    this.#recencyOf(slot).add(slot);
    this.#last = slot;
    if (record.userId !== undefined) this.#byUser.add(record.userId, slot);
    this.count += 1;
    return version;
  }

  /** Writes over a record. A touch since the write was prepared stands: `seenAt` never moves back. */
  replace(slot: number, record: SessionRecord): Version {
    const [seenAt, expiresAt] = [this.#seenAt.get(slot), this.#expiresAt.get(slot)];
    const userId = this.#userIds.get(slot);
    this.bytes -= this.#sizes.get(slot);
    const relist = userId !== record.userId || this.#createdAt.get(slot) !== record.createdAt;
    if (relist && userId !== undefined) this.#byUser.remove(userId, slot);
    this.#recencyOf(slot).remove(slot);
    const version = this.#write(slot, record);
    this.#recencyOf(slot).add(slot);
    this.#last = slot;
    if (seenAt > record.seenAt) {
      this.#seenAt.set(slot, seenAt);
      if (expiresAt > record.expiresAt) this.#expiresAt.set(slot, expiresAt);
    }
    if (relist && record.userId !== undefined) this.#byUser.add(record.userId, slot);
    this.#deadlines.move(slot);
    return version;
  }

  touch(slot: number, seenAt: number, expiresAt: number): void {
    if (seenAt > this.#seenAt.get(slot)) this.#seenAt.set(slot, seenAt);
    if (expiresAt > this.#expiresAt.get(slot)) {
      this.#expiresAt.set(slot, expiresAt);
      this.#deadlines.move(slot);
    }
    this.use(slot);
  }

  remove(slot: number): SessionKey {
    const key = this.key(slot);
    const userId = this.#userIds.get(slot);
    if (userId !== undefined) this.#byUser.remove(userId, slot);
    this.#deadlines.remove(slot);
    this.#recencyOf(slot).remove(slot);
    this.#index.delete(key);
    this.#keys.set(slot, undefined);
    this.#payloads.set(slot, undefined);
    this.#userIds.set(slot, undefined);
    this.#free.set(slot, this.#firstFree);
    this.#firstFree = slot;
    this.count -= 1;
    this.bytes -= this.#sizes.get(slot);
    return key;
  }

  /** Whether a slot holds a record. */
  isUsed(slot: number): boolean {
    return this.#keys.get(slot) !== undefined;
  }

  #recencyOf(slot: number): Recency {
    return this.#userIds.get(slot) === undefined ? this.#visitors : this.#users;
  }

  #take(): number {
    const slot = this.#firstFree;
    if (slot === NONE) {
      this.#end += 1;
      return this.#end - 1;
    }
    this.#firstFree = this.#free.get(slot);
    return slot;
  }

  #write(slot: number, record: SessionRecord): Version {
    this.#payloads.set(slot, record.payload);
    this.#userIds.set(slot, record.userId);
    this.#createdAt.set(slot, record.createdAt);
    this.#seenAt.set(slot, record.seenAt);
    this.#expiresAt.set(slot, record.expiresAt);
    const size = footprint(this.key(slot), record);
    this.#sizes.set(slot, size);
    this.bytes += size;
    this.#version += 1;
    this.#versions.set(slot, this.#version);
    return this.#version;
  }

  #before(a: number, b: number): boolean {
    const difference = this.#createdAt.get(a) - this.#createdAt.get(b);
    return difference < 0 || (difference === 0 && this.key(a) < this.key(b));
  }
}
