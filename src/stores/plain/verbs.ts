/**
 * The verbs of a plain store: how slots, lanes and graves together make them, and what that promises.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { keepingTouch } from "../parts/times.ts";
import { freshMark } from "../parts/version.ts";
import type { UpdateResult } from "../store.ts";
import type { Entry } from "./entry.ts";
import { decode, encode } from "./entry.ts";
import { ended, Grave } from "./grave.ts";
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
  readonly grave: Grave;
}

/**
 * The five verbs over reads and writes. Within this process each is one step, for writers of a key take turns.
 *
 * Across processes one thing holds, if the back end shows at once what was written (a database or Redis, not a
 * replicated cache): what has been deleted stays deleted. `delete` writes the grave first and removes the record then;
 * every other write looks for the grave afterwards. Whichever of the two is first, one of them sees the other: either
 * the record was written before it was removed, or its writer finds the grave and removes it. Until it does, the grave
 * hides the record from readers. Two updates of the same moment, though, can both be told "ok", and the first of them
 * is lost.
 *
 * An update that takes the user out of a record closes it: that is how a login, a rotation or a logout leaves a
 * tombstone at the id of a user's session. It must not be lost to a write of before, so it ends the life that there
 * was, in the same way, and begins another.
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
      const { entry, live, grave } = await this.#find(place);
      if (!entry || !live) return { status: "gone" };
      if (entry.record.version !== expected) return { status: "conflict", current: entry.record };
      const version = freshMark();
      const next = keepingTouch(entry.record, record);
      const gone = isClosing(entry.record, next)
        ? await this.#close(place, entry, grave, next, version)
        : await this.#continue(place, next, version, entry.life);
      return gone ? { status: "gone" } : { status: "ok", version };
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
      return !(await this.#continue(place, { ...record, ...times }, String(record.version), life));
    });
  }

  async delete(key: SessionKey): Promise<boolean> {
    const place = await placeOf(this.#prefix, key);
    return this.#lanes.write(place.slot, async () => {
      // What cannot be read can be removed: a logout does not wait for repairs.
      const { entry, live, grave } = await this.#find(place).catch(unlessStrange);
      if (entry && live) await this.#dig(place, grave.with(entry.life).with(ended(entry.life)), entry.record);
      await this.#slots.remove(place.slot);
      return live;
    });
  }

  /** What a request does, in a slot that no session has. */
  async health(): Promise<void> {
    const slot = `${this.#prefix}health.${freshMark()}`;
    await this.#slots.write(slot, slot, SLACK);
    try {
      if ((await this.#slots.read(slot)) !== slot) throw new Strange();
    } finally {
      await this.#slots.remove(slot);
    }
  }

  async #find({ slot, grave: path }: Place): Promise<Found> {
    // Both at once: the grave is there before `delete` resolves, so who asks afterwards sees it.
    const [entry, text] = await Promise.all([this.#read(slot), this.#slots.read(path)]);
    const grave = new Grave(text);
    const live = entry !== undefined && !grave.has(entry.life) && entry.record.expiresAt > this.#clock();
    return { entry, live, grave };
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

  /**
   * Whether the record was ended meanwhile. Then what was written goes, too, unless a tombstone has taken its place.
   */
  async #continue(place: Place, record: SessionRecord, version: string, life: string): Promise<boolean> {
    await this.#write(place, record, version, life);
    if (!new Grave(await this.#slots.read(place.grave)).has(life)) return false;
    const found = await this.#read(place.slot);
    if (found?.life === life) await this.#slots.remove(place.slot);
    return true;
  }

  /** Ends the life of the record, so that no late write of it counts, and puts the next one in its place. */
  async #close(place: Place, entry: Entry, grave: Grave, next: SessionRecord, version: string): Promise<boolean> {
    await this.#dig(place, grave.with(entry.life), entry.record);
    await this.#write(place, next, version, freshMark());
    // A delete of the life before, which may have removed nothing, for this was not there yet.
    if (!new Grave(await this.#slots.read(place.grave)).has(ended(entry.life))) return false;
    await this.#slots.remove(place.slot);
    return true;
  }

  #dig(place: Place, grave: Grave, { expiresAt }: SessionRecord): Promise<void> {
    const remaining = Math.max(0, expiresAt - this.#clock()) + LONGEST_WRITE;
    return this.#slots.write(place.grave, grave.text, Math.min(remaining, LONGEST_GRAVE));
  }
}

function isClosing(before: SessionRecord, next: SessionRecord): boolean {
  return before.userId !== undefined && next.userId === undefined;
}

/** Better a 503 than half of a session, or somebody else's. */
class Strange extends SessionError {
  constructor() {
    super(
      "SOJOURN_STORE_UNAVAILABLE",
      "Found a value that this store did not write, or not all of one: give the store a prefix of its own, and a " +
        "back end that replaces a value at once.",
    );
  }
}

function unlessStrange(error: unknown): Found {
  if (error instanceof Strange) return { entry: undefined, live: false, grave: new Grave(undefined) };
  throw error;
}
