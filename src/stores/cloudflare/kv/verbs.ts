/**
 * The verbs of the KV store, over reads and writes that are only eventually consistent.
 */
import type { Clock } from "../../../clock.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../../record.ts";
import { freshMark } from "../../parts/version.ts";
import { probeAt, probeLost } from "../../sql/probe.ts";
import { explained } from "../../sql/sqlite-faults.ts";
import type { UpdateResult } from "../../store.ts";
import type { Held, KvBinding } from "./values.ts";
import { decode, encode, encodeTombstone, isDead, nameOf, store, tombstoneTtl, ttlOf } from "./values.ts";

/**
 * The verbs as well as KV can do them: it has neither compare-and-set nor insert-only, and a read may be a minute old.
 * Every write looks first, which finds most of what another request did, and not what it does at the same moment.
 * Requests of one isolate do not wait for each other either: one that the client gave up on never ends, and who waited
 * for it would not, too.
 */
export class Verbs {
  readonly #binding: KvBinding;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #cacheTtl: number;

  constructor(binding: KvBinding, prefix: string, clock: Clock, cacheTtl: number) {
    this.#binding = binding;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#cacheTtl = cacheTtl;
  }

  async get(key: SessionKey): Promise<StoredRecord | null> {
    return (await this.#find(await nameOf(this.#prefix, key)))?.record ?? null;
  }

  async create(key: SessionKey, record: SessionRecord): Promise<Version> {
    // No look at what is there: KV would remember in this place that nothing is, and nobody guesses a key.
    const held = { record: store(record), life: freshMark(), born: this.#clock() };
    await this.#put(await nameOf(this.#prefix, key), held);
    return held.record.version;
  }

  async update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    const name = await nameOf(this.#prefix, key);
    const held = await this.#find(name);
    if (!held) return { status: "gone" };
    if (held.record.version !== expected) return { status: "conflict", current: held.record };
    const next = store(forward(held.record, record));
    await this.#put(name, { ...held, record: next });
    return { status: "ok", version: next.version };
  }

  async touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean> {
    const name = await nameOf(this.#prefix, key);
    const held = await this.#find(name);
    if (!held) return false;
    const { record } = held;
    const next = { seenAt: Math.max(record.seenAt, seenAt), expiresAt: Math.max(record.expiresAt, expiresAt) };
    const moved = next.seenAt !== record.seenAt || next.expiresAt !== record.expiresAt;
    if (moved) await this.#put(name, { ...held, record: { ...record, ...next } });
    return true;
  }

  async delete(key: SessionKey): Promise<boolean> {
    const name = await nameOf(this.#prefix, key);
    const held = await this.#find(name);
    const now = this.#clock();
    const tombstone = encodeTombstone({ life: held?.life ?? "", at: now });
    // The tombstone first: a failure after it leaves a session that is dead, not one that is alive.
    await this.#binding.put(graveOf(name), tombstone, { expirationTtl: tombstoneTtl(held?.record, now) });
    await this.#binding.delete(name);
    return held !== undefined;
  }

  /**
   * A record of its own, written, read and deleted. That it cannot be read yet is no fault of an eventually consistent
   * store.
   */
  async health(): Promise<void> {
    const { key, record } = probeAt(this.#clock());
    const name = await nameOf(this.#prefix, key);
    await this.#put(name, { record: store(record), life: freshMark(), born: record.createdAt });
    const read = await this.#binding.get(name);
    await this.#binding.delete(name);
    if (read !== null && decode(read).record.payload !== record.payload) throw probeLost("KV");
  }

  /** What is live under a name. The grave is read beside the record: that is a second read, and no second wait. */
  async #find(name: string): Promise<Held | undefined> {
    const options = { cacheTtl: this.#cacheTtl };
    const [value, tombstone] = await Promise.all([
      this.#binding.get(name, options),
      this.#binding.get(graveOf(name), options),
    ]);
    if (value === null) return undefined;
    const held = decode(value);
    return held.record.expiresAt > this.#clock() && !isDead(held, tombstone) ? held : undefined;
  }

  async #put(name: string, held: Held): Promise<void> {
    const expirationTtl = ttlOf(held.record.expiresAt, this.#clock());
    await this.#binding.put(name, encode(held), { expirationTtl }).catch((error: unknown) => {
      throw explained(error, "KV takes at most 25 MiB in one value");
    });
  }
}

/** A use that came between stays, and so does the deadline that came of it. */
function forward(held: StoredRecord, record: SessionRecord): SessionRecord {
  if (record.seenAt >= held.seenAt) return record;
  return { ...record, seenAt: held.seenAt, expiresAt: Math.max(held.expiresAt, record.expiresAt) };
}

const graveOf = (name: string): string => `${name}:ended`;
