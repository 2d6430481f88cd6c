import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { freshMark } from "../parts/version.ts";
import type { UpdateResult } from "../store.ts";
import type { Entry } from "./entry.ts";
import { decode, encode } from "./entry.ts";
import type { Lanes } from "./lanes.ts";
import type { Place } from "./places.ts";
import { placeOf } from "./places.ts";
import type { Slots } from "./slots.ts";

/** A back end's clock and ours may differ; what it drops late is absent by `expiresAt` all the same. */
const SLACK = 60_000;

/** How much longer than the record a grave stays: more than any write stays under way. */
const LONGEST_WRITE = 3_600_000;

/** No grave stays longer, for a timer or memcached takes more than this for nothing. */
const LONGEST_GRAVE = 24 * 86_400_000;

/** How often what is not whole is read again: another process may be in the middle of writing it. */
const READS = 3;

/** What is in a place. A record whose life is in the grave is what a late write left behind. */
interface Found {
  readonly entry: Entry | undefined;
  readonly live: boolean;
}

/**
 * The five verbs over reads and writes. Within this process each is one step, for writers of a key take turns.
 *
 * Across processes one thing holds, if the back end shows at once what was written (a database or Redis, not a
 * replicated cache): what has been deleted stays deleted. `delete` writes the grave first and removes the record then; every
 * other write looks for the grave afterwards. Whichever of the two is first, one of them sees the other: either the record was
 * written before it was removed, or its writer finds the grave and removes it. Until it does, the grave hides the record from
 * readers. Two updates of the same moment, though, can both be told "ok", and the first of them is lost.
 */
export class Verbs {
  readonly #slots: Slots;
  readonly #lanes: Lanes;
  readonly #prefix: string;
  readonly #clock: Clock;

  constructor(slots: Slots, lanes: Lanes, prefix: string, clock: Clock) {
    this.#slots = slots;
    this.#lanes = lanes;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  async get(key: SessionKey): Promise<StoredRecord | null> {
    const place = await placeOf(this.#prefix, key);
    return this.#lanes.read(place.slot, async () => {
      const { entry, live } = await this.#find(place);
      return entry && live ? entry.record : null;
    });
  }

  async create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    const place = await placeOf(this.#prefix, key);
    return this.#lanes.write(place.slot, async () => {
      const { live } = await this.#find(place);
      if (live) return null;
      const version = freshMark();
      await this.#write(place, record, version, freshMark());
      return version;
    });
  }

  async update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    const place = await placeOf(this.#prefix, key);
    return this.#lanes.write<UpdateResult>(place.slot, async () => {
      const { entry, live } = await this.#find(place);
      if (!entry || !live) return { status: "gone" };
      if (entry.record.version !== expected) return { status: "conflict", current: entry.record };
      const version = freshMark();
      await this.#write(place, record, version, entry.life);
      return (await this.#hasEnded(place, entry.life)) ? { status: "gone" } : { status: "ok", version };
    });
  }

  async touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean> {
    const place = await placeOf(this.#prefix, key);
    return this.#lanes.write(place.slot, async () => {
      const { entry, live } = await this.#find(place);
      if (!entry || !live) return false;
      const { record, life } = entry;
      if (seenAt <= record.seenAt && expiresAt <= record.expiresAt) return true;
      const times = { seenAt: Math.max(record.seenAt, seenAt), expiresAt: Math.max(record.expiresAt, expiresAt) };
      await this.#write(place, { ...record, ...times }, String(record.version), life);
      return !(await this.#hasEnded(place, life));
    });
  }

  async delete(key: SessionKey): Promise<boolean> {
    const place = await placeOf(this.#prefix, key);
    return this.#lanes.write(place.slot, async () => {
      // What cannot be read can be removed: a logout does not wait for repairs.
      const { entry, live } = await this.#find(place).catch(unlessStrange);
      if (entry && live) {
        const remaining = entry.record.expiresAt - this.#clock() + LONGEST_WRITE;
        await this.#slots.write(place.grave, entry.life, Math.min(remaining, LONGEST_GRAVE));
      }
      await this.#slots.remove(place.slot);
      return live;
    });
  }

  async health(): Promise<void> {
    await this.#slots.read(`${this.#prefix}health`);
  }

  async #find({ slot, grave }: Place): Promise<Found> {
    // Both at once: the grave is there before `delete` resolves, so who asks afterwards sees it.
    const [entry, ended] = await Promise.all([this.#read(slot), this.#slots.read(grave)]);
    return { entry, live: entry !== undefined && entry.life !== ended && entry.record.expiresAt > this.#clock() };
  }

  async #read(slot: string): Promise<Entry | undefined> {
    for (let turn = 0; turn < READS; turn++) {
      const text = await this.#slots.read(slot);
      if (text === undefined) return undefined;
      const entry = decode(slot, text);
      if (entry) return entry;
    }
    throw new Strange();
  }

  #write({ slot }: Place, record: SessionRecord, version: string, life: string): Promise<void> {
    const ttl = Math.max(0, Math.ceil(record.expiresAt - this.#clock())) + SLACK;
    return this.#slots.write(slot, encode(slot, record, version, life), ttl);
  }

  /** After a write: whether the record was deleted meanwhile. Then what was written goes, too. */
  async #hasEnded({ slot, grave }: Place, life: string): Promise<boolean> {
    if ((await this.#slots.read(grave)) !== life) return false;
    await this.#slots.remove(slot);
    return true;
  }
}

/** Better a 503 than half of a session, or somebody else's. */
class Strange extends SessionError {
  constructor() {
    super(
      "SOJOURN_STORE_UNAVAILABLE",
      "Found a value that this store did not write, or not all of one: give the store a prefix of its own, and a back end that replaces a value at once.",
    );
  }
}

function unlessStrange(error: unknown): Found {
  if (error instanceof Strange) return { entry: undefined, live: false };
  throw error;
}
