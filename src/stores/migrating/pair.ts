/**
 * The two stores of a migration: where a session is, how it moves, and how it is ended or held in its place.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import type { Store } from "../store.ts";
import type { Side, Slot } from "./slot.ts";
import { copyOf, endingMark, isMove, isSame, movedMark, slotOf, versionOf, versionText } from "./slot.ts";

/** Tries at a key; each that fails means that somebody else got something done. */
export const TRIES = 64;

/**
 * Milliseconds for which a session that is being ended cannot be moved. Who takes longer than half of it looks again.
 */
const ENDING = 60_000;

/** Tries at moving a session that others use at the same moment. It need not be now. */
export const MOVES = 8;

/** The last instant that every store keeps. */
const LAST = 253_402_300_799_999;

/** Where a session is. */
export interface Found {
  readonly side: Side;
  /** With the version of that store. */
  readonly record: StoredRecord;
  /** What stood at home, seen before the record was. */
  readonly home: Slot | null;
}

/** What came of an attempt to move a session home. */
export type Attempt =
  | { readonly status: "moved"; readonly record: StoredRecord }
  /** Somebody else did something to it: look again. */
  | { readonly status: "again" }
  /** It stays where it is for now: it is being ended, or the store refuses it. */
  | { readonly status: "stays"; readonly reason?: unknown };

export function across(side: Side): Side {
  return side === "from" ? "to" : "from";
}

/**
 * One session in one of two stores, and how it gets from one to the other.
 *
 * A move from X to Y is: a copy in Y, which counts for nothing; the record in X replaced by a mark, by compare-and-set,
 * which makes the copy the session; the copy made a record, by compare-and-set; the mark taken out. Whoever finds a
 * move half done finishes it. So a mover that stops anywhere loses nothing, and one that wakes up late finds that
 * its compare-and-set fails. Only the record that is in X can be marked, so what has ended cannot come back.
 */
export class Pair {
  readonly stores: Readonly<Record<Side, Store>>;
  /** Where new sessions are made, and which store is asked first. */
  readonly home: Side;
  readonly clock: Clock;

  constructor(stores: Readonly<Record<Side, Store>>, home: Side, clock: Clock) {
    this.stores = stores;
    this.home = home;
    this.clock = clock;
  }

  async slot(side: Side, key: SessionKey): Promise<Slot | null> {
    const stored = await this.stores[side].get(key);
    return stored && slotOf(stored);
  }

  /** Where the session is; null when there is none. Finishes a move that it finds half done. */
  async look(key: SessionKey): Promise<Found | null> {
    const away = across(this.home);
    let home = await this.slot(this.home, key);
    for (let turn = 0; turn < TRIES; turn++) {
      if (home?.kind === "record") return { side: this.home, record: home.record, home };
      const other = await this.slot(away, key);
      if (other?.kind === "record") return { side: away, record: other.record, home };
      const halfway = isMove(home, other) || isMove(other, home);
      if (isMove(home, other)) await this.#finish(key, away, home as Moved);
      if (isMove(other, home)) await this.#finish(key, this.home, other as Moved);
      // It may have come home while the other store was asked.
      const again = await this.slot(this.home, key);
      if (!halfway && isSame(home, again)) {
        await this.#tidy(key, home, other);
        return null;
      }
      home = again;
    }
    throw this.busy();
  }

  /** One attempt to bring home what `look` found away from it. */
  async move(key: SessionKey, { side, record, home }: Found): Promise<Attempt> {
    const [source, target] = [this.stores[side], this.stores[across(side)]];
    if (home?.kind === "ending") return { status: "stays" };
    try {
      if (!(await this.#putCopy(target, key, record, home))) return { status: "again" };
    } catch (reason) {
      return { status: "stays", reason };
    }
    // Who touches the record from here on sees the copy; what was touched before is read now.
    const now = await this.slot(side, key);
    if (now?.kind !== "record" || now.record.version !== record.version) return { status: "again" };
    if (!(await target.touch(key, now.record.seenAt, now.record.expiresAt))) return { status: "again" };
    const marked = await source.update(key, movedMark(now.record), record.version);
    if (marked.status !== "ok") return { status: "again" };
    const mark: Moved = { kind: "moved", of: versionText(record.version), version: marked.version };
    const moved = await this.#finish(key, across(side), mark);
    return moved ? { status: "moved", record: moved } : { status: "again" };
  }

  /**
   * Runs the work while a session cannot be moved out of the store that it is in; null when it is not there, or another
   * user's. Bounded as an end is: after a minute it may move again.
   */
  async pinned<T>(key: SessionKey, userId: string, work: (side: Side) => Promise<T>): Promise<T | null> {
    for (let turn = 0; turn < TRIES; turn++) {
      const found = await this.look(key);
      if (found?.record.userId !== userId) return null;
      const away = across(found.side);
      const guard = await this.#guard(away, key);
      if (!guard) continue;
      try {
        // It may have moved before the guard stood.
        const there = await this.slot(found.side, key);
        if (there?.kind === "record") return await work(found.side);
      } finally {
        if (guard.ours) await this.drop(away, key, guard).catch(() => {});
      }
    }
    throw this.busy();
  }

  /** Takes the session out of whichever store it is in. True when this call did. */
  async end(key: SessionKey): Promise<boolean> {
    let ended = false;
    for (let turn = 0; turn < TRIES; turn++) {
      const found = await this.look(key);
      if (!found) return ended;
      const away = across(found.side);
      const guard = await this.#guard(away, key);
      if (!guard) continue;
      const taken = await this.#endAt(found.side, key, guard);
      if (this.clock() < guard.until - ENDING / 2) return taken === "by us" || ended;
      ended ||= taken !== "not there";
    }
    throw this.busy();
  }

  /**
   * The mark is taken out by who put it there, and by a `clear` of the store that it is in, which then says that it
   * ended a session of that key: so this call does not.
   */
  async #endAt(side: Side, key: SessionKey, guard: Guard): Promise<"by us" | "by clear" | "not there"> {
    let deleted = false;
    let intact = true;
    try {
      deleted = await this.stores[side].delete(key);
    } finally {
      if (guard.ours) intact = await this.drop(across(side), key, guard).catch(() => true);
    }
    if (!deleted) return "not there";
    return intact ? "by us" : "by clear";
  }

  /**
   * Takes out what is not a record, if it is still what was seen: a deadline in the past is a delete that can be
   * compared.
   */
  async drop(side: Side, key: SessionKey, slot: { readonly version: Version }): Promise<boolean> {
    // Of a later use than any other: else the times of what is there would stay.
    const nothing = { payload: "", createdAt: 0, seenAt: LAST, expiresAt: 0 };
    return (await this.stores[side].update(key, nothing, slot.version)).status === "ok";
  }

  busy(): SessionError {
    const names = `${this.stores.from.name} and ${this.stores.to.name}`;
    const message = `A session in the stores ${names} was changed by others ${TRIES} times in a row.`;
    return new SessionError("SOJOURN_STORE_UNAVAILABLE", message);
  }

  /**
   * A copy may be replaced by one of a later record only: `home` was seen before the record was, so what is newer than
   * the record makes the compare-and-set fail.
   */
  async #putCopy(target: Store, key: SessionKey, record: StoredRecord, home: Slot | null): Promise<boolean> {
    if (home === null) return (await target.create(key, copyOf(record))) !== null;
    if (home.kind === "copy" && home.of === versionText(record.version)) return true;
    return (await target.update(key, copyOf(record), versionOf(home))).status === "ok";
  }

  /** Makes the copy a record. It is read after the mark was seen, and so with every touch from before the mark. */
  async #finish(key: SessionKey, side: Side, mark: Moved): Promise<StoredRecord | undefined> {
    const copy = await this.slot(side, key);
    if (copy?.kind !== "copy" || copy.of !== mark.of) return undefined;
    const result = await this.stores[side].update(key, copy.content, copy.version);
    if (result.status !== "ok") return undefined;
    // What is left behind stands for nothing, and goes when the session would have.
    await this.drop(across(side), key, mark).catch(() => {});
    return { ...copy.content, version: result.version };
  }

  /** Copies of records that were ended, by a mover that came too late or whose move was cut short. */
  async #tidy(key: SessionKey, home: Slot | null, other: Slot | null): Promise<void> {
    if (home?.kind === "copy") await this.drop(this.home, key, home).catch(() => {});
    if (other?.kind === "copy") await this.drop(across(this.home), key, other).catch(() => {});
  }

  /** Keeps the session from being moved to this side; undefined when something got in between. */
  async #guard(side: Side, key: SessionKey): Promise<Guard | undefined> {
    const now = this.clock();
    const until = now + ENDING;
    const mark: SessionRecord = endingMark(now, until);
    const version = await this.stores[side].create(key, mark);
    if (version !== null) return { version, until, ours: true };
    const there = await this.slot(side, key);
    if (there === null || there.kind === "record") return undefined;
    if (there.kind === "ending") return { ...there, ours: false };
    const result = await this.stores[side].update(key, mark, there.version);
    return result.status === "ok" ? { version: result.version, until, ours: true } : undefined;
  }
}

type Moved = Slot & { readonly kind: "moved" };

/** What keeps a session that is being ended where it is. */
interface Guard {
  readonly version: Version;
  readonly until: number;
  /** Put there by this call. */
  readonly ours: boolean;
}
