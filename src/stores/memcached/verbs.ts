/**
 * The verbs of the memcached store, and the keys of its items. What an item holds is in `item.ts`.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { toText } from "../parts/text.ts";
import { freshMark } from "../parts/version.ts";
import type { UpdateResult } from "../store.ts";
import { keyOnEachServer, type MemcachedClient } from "./client.ts";
import { decode, encode, exptimeOf, SLACK } from "./item.ts";
import type { Found } from "./recent.ts";
import { Recent } from "./recent.ts";
import { Refusal } from "./replies.ts";

/**
 * The key of an item. Sojourn's keys are 43 characters of base64url and stay as they are, for an operator to find; of
 * any other the hash is taken, so that no blank and no line end gets into the protocol, and none is longer than the
 * 250 bytes that it allows. No key of ours begins with "#". Halves of surrogate pairs are told apart.
 */
export async function itemKey(prefix: string, key: SessionKey): Promise<string> {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(key)) return prefix + key;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(toText(key))));
  return `${prefix}#${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** How often others may change an item between our read and our write. Each time one of them got through. */
const ATTEMPTS = 64;

/** Expired at once: memcached's way to remove an item on a condition. */
const AT_ONCE = -1;

type Times = Pick<SessionRecord, "seenAt" | "expiresAt">;

/** What a step of a compare-and-set loop does with what it found: an answer, or something to write first. */
type Plan<T> = { readonly answer: T } | { readonly write: string; readonly exptime: number; readonly done: T };

/**
 * The five verbs over `gets`, `add` and `cas`. Every change of an item is a `cas` on the item that was judged, so
 * each verb is one step of one register: nothing that was deleted comes back, and no write goes unnoticed.
 */
export class Verbs {
  readonly #client: MemcachedClient;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #recent = new Recent();

  constructor(client: MemcachedClient, prefix: string, clock: Clock) {
    this.#client = client;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  forget(): void {
    this.#recent.forget();
  }

  async get(key: SessionKey): Promise<StoredRecord | null> {
    const item = await itemKey(this.#prefix, key);
    const found = await this.#read(item);
    if (!found || found.record.expiresAt <= this.#clock()) return null;
    this.#recent.remember(item, found);
    return found.record;
  }

  async create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    const item = await itemKey(this.#prefix, key);
    const version = freshMark();
    const value = encode(item, record, version);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const now = this.#clock();
      const exptime = exptimeOf(record.expiresAt, now);
      if (await this.#client.add(item, value, exptime)) return version;
      const found = await this.#read(item);
      if (!found) continue;
      if (found.record.expiresAt > now) return null;
      if ((await this.#client.cas(item, value, exptime, found.cas)) === "stored") return version;
    }
    throw busy();
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    const version = freshMark();
    return this.#change<UpdateResult>(key, expected, { status: "gone" }, (item, current, now) => {
      if (current.version !== expected) return { answer: { status: "conflict", current } };
      const next = current.seenAt > record.seenAt ? { ...record, ...laterOf(current, record) } : record;
      const write = encode(item, next, version);
      return { write, exptime: exptimeOf(next.expiresAt, now), done: { status: "ok", version } };
    });
  }

  /** The version stays, so that who read before can still write; the number that memcached gives does not. */
  touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean> {
    return this.#change(key, undefined, false, (item, current, now, hint) => {
      const next = { ...current, ...laterOf(current, { seenAt, expiresAt }) };
      const same = next.seenAt === current.seenAt && next.expiresAt === current.expiresAt;
      // Nothing to write says nothing about whether it is still there, unless it was read just now.
      if (same && !hint) return { answer: true };
      const write = encode(item, next, String(current.version));
      return { write, exptime: exptimeOf(next.expiresAt, now), done: true };
    });
  }

  async delete(key: SessionKey): Promise<boolean> {
    const item = await itemKey(this.#prefix, key);
    let found = this.#recent.take(item) ?? (await this.#read(item));
    // What others write meanwhile makes it a new item, which may be an expired one: only so is the answer exact.
    for (let attempt = 0; attempt < 8 && found; attempt++) {
      const live = found.record.expiresAt > this.#clock();
      const done = await this.#client.cas(item, "", AT_ONCE, found.cas).catch(unlessRefused);
      if (done === "refused") break;
      if (done !== "exists") return done === "stored" && live;
      found = await this.#read(item);
    }
    // A logout waits neither for writers to stop nor for memory.
    return found ? this.#client.delete(item) : false;
  }

  /** Does what requests do, on every server. */
  async health(): Promise<void> {
    const mark = freshMark();
    await this.#client.version();
    const keys = keyOnEachServer(this.#client, (number) => `${this.#prefix}!health-${mark}-${number}`);
    await Promise.all(keys.map((key) => this.#probe(key, mark)));
  }

  async #probe(item: string, mark: string): Promise<void> {
    const added = await this.#client.add(item, mark, SLACK);
    const found = await this.#client.gets(item);
    const deleted = await this.#client.delete(item);
    const value = typeof found?.value === "string" ? found.value : new TextDecoder().decode(found?.value);
    if (added && deleted && value === mark) return;
    throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "memcached does not give back what was written to it.");
  }

  async #read(item: string): Promise<Found | undefined> {
    const found = await this.#client.gets(item);
    return found ? { record: decode(item, found.value), cas: found.cas } : undefined;
  }

  /** Reads, judges and writes what was judged, until nobody came in between. */
  async #change<T>(
    key: SessionKey,
    expected: Version | undefined,
    absent: T,
    plan: (item: string, current: StoredRecord, now: number, hint: boolean) => Plan<T>,
  ): Promise<T> {
    const item = await itemKey(this.#prefix, key);
    let hint = this.#recent.take(item, expected);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = hint ?? (await this.#read(item));
      const now = this.#clock();
      // What is read now and has expired is absent; what was read before may have been given more time.
      const live = found !== undefined && found.record.expiresAt > now;
      if (!live && hint === undefined) return absent;
      if (live) {
        const next = plan(item, found.record, now, hint !== undefined);
        if ("answer" in next) return next.answer;
        const done = await this.#client.cas(item, next.write, next.exptime, found.cas);
        if (done === "stored") return next.done;
        if (done === "missing") return absent;
      }
      hint = undefined;
    }
    throw busy();
  }
}

/** Times never move back, whoever writes. */
function laterOf(one: Times, other: Times): Times {
  return { seenAt: Math.max(one.seenAt, other.seenAt), expiresAt: Math.max(one.expiresAt, other.expiresAt) };
}

/** Even what expires at once needs memory to be written. */
function unlessRefused(error: unknown): "refused" {
  if (error instanceof Refusal) return "refused";
  throw error;
}

function busy(): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `Others changed the item ${ATTEMPTS} times while it was written.`,
  );
}
