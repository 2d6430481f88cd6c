/**
 * What is kept in KV, under which names and for how long: records, and the tombstones beside them.
 */
import { SessionError } from "../../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord } from "../../../record.ts";
import { freshMark } from "../../parts/version.ts";

/** The part of a `KVNamespace` that is used; the binding has it as it is. */
export interface KvBinding {
  get(key: string, options?: { cacheTtl?: number }): Promise<string | null>;
  put(key: string, value: string, options?: { expirationTtl?: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

/** A record as it is in KV. */
export interface Held {
  readonly record: StoredRecord;
  /** Names this life of the key. A tombstone ends a life, not a key. */
  readonly life: string;
  /** When it began. */
  readonly born: number;
}

/** What `delete` leaves behind, under a name of its own, so that a late write of the record does not take it away. */
export interface Tombstone {
  /** The life that was ended; "" when none was seen. */
  readonly life: string;
  /** When: it also ends lives that began before and were not seen. */
  readonly at: number;
}

/** JSON writes half of a surrogate pair as an escape, so that every text comes back as it was. */
export function encode({ record, life, born }: Held): string {
  return JSON.stringify({ v: 1, life, born, ...record });
}

export function decode(value: string): Held {
  const { v, life, born, payload, userId, createdAt, seenAt, expiresAt, version } = parse(value) as unknown as Held &
    StoredRecord & { v: unknown };
  if (v !== 1 || typeof payload !== "string") throw strange();
  return { life, born, record: { payload, userId, createdAt, seenAt, expiresAt, version } };
}

export function encodeTombstone(tombstone: Tombstone): string {
  return JSON.stringify(tombstone);
}

/** Whether the tombstone is of this life. */
export function isDead({ life, born }: Held, tombstone: string | null): boolean {
  if (tombstone === null) return false;
  const { life: ended, at } = parse(tombstone) as unknown as Tombstone;
  return ended === life || born < at;
}

function parse(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "object" && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw strange();
}

function strange(): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    "KV answered with a value that this store did not write: give the store a prefix or a namespace of its own.",
  );
}

export function store(record: SessionRecord): StoredRecord {
  const { payload, userId, createdAt, seenAt, expiresAt } = record;
  return { payload, userId, createdAt, seenAt, expiresAt, version: freshMark() };
}

/** KV takes no less. */
const LEAST_TTL = 60;

/** What the record is given beyond its deadline, which is judged by `expiresAt`. KV only frees the space. */
const SLACK = 60;

/** KV takes up to 2^31 - 1 seconds; nobody waits longer than ten years for space. */
const MOST_TTL = 315_360_000;

/** Seconds from now. */
export function ttlOf(expiresAt: number, now: number): number {
  return Math.min(Math.max(Math.ceil((expiresAt - now) / 1000) + SLACK, LEAST_TTL), MOST_TTL);
}

/**
 * How long a tombstone stays: as long as a record could live that somebody wrote who had not heard of it, which is the
 * time from its last use to its deadline, and a day at least.
 */
export function tombstoneTtl(ended: StoredRecord | undefined, now: number): number {
  const life = ended === undefined ? 0 : ended.expiresAt - Math.min(ended.seenAt, now);
  return ttlOf(now + Math.max(life, 86_400_000) + 3_600_000, now);
}

/**
 * Sojourn's keys are 43 characters of base64url and stay as they are; of any other the hash is taken, for KV
 * refuses ".", ".." and more than 512 bytes.
 */
export async function nameOf(prefix: string, key: SessionKey): Promise<string> {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(key)) return prefix + key;
  // JSON, for UTF-8 makes one of all halves of surrogate pairs.
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${prefix}#${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
