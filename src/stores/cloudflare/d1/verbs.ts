import type { Clock } from "../../../clock.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../../record.ts";
import { fromText, NO_KEY, toText } from "../../parts/text.ts";
import { firstVersion } from "../../parts/version.ts";
import { listingOfAll, listingOfUser } from "../../sql/sqlite-listing.ts";
import type { Row } from "../../sql/sqlite-row.ts";
import { toRecord } from "../../sql/sqlite-row.ts";
import type { SqliteValue } from "../../sql/sqlite-statements.ts";
import type { EpochRow } from "../../sql/sqlite-writes.ts";
import { columnsOf, toEpoch } from "../../sql/sqlite-writes.ts";
import type { Admission, AdmitResult, Entry, Epoch, Page, PageRequest, UpdateResult } from "../../store.ts";
import type { Bound, D1Answer, Database } from "./database.ts";
import type { Texts } from "./statements.ts";

/** What one new session in so many takes away, and how much of it. */
const SWEEP_ONE_IN = 100;
const SWEEP_ROWS = 200;

/** The verbs, each one statement or one batch. */
export class Verbs {
  readonly #database: Database;
  readonly #sql: Texts;
  readonly #clock: Clock;
  readonly #sweep: boolean;

  constructor(database: Database, sql: Texts, clock: Clock, sweep: boolean) {
    this.#database = database;
    this.#sql = sql;
    this.#clock = clock;
    this.#sweep = sweep;
  }

  async get(key: SessionKey): Promise<StoredRecord | null> {
    return recordIn(await this.#database.one(this.#sql.select, toText(key), this.#clock()));
  }

  async create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    const version = firstVersion();
    const now = this.#clock();
    const insert: Bound = [this.#sql.insert, ...rowOf(key, record, version), now];
    const [inserted] = await this.#database.all([insert, ...this.#sweeping(now)]);
    return changes(inserted) === 1 ? version : null;
  }

  async update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    const { id, user, payload, createdAt, seenAt, expiresAt } = columnsOf(key, record);
    const now = this.#clock();
    // When the first has written, the version has moved on and the second finds nothing.
    const [most, all, found] = await this.#database.all([
      [this.#sql.update, payload, seenAt, expiresAt, id, expected, now, createdAt, user],
      [this.#sql.updateAll, payload, seenAt, expiresAt, createdAt, user, id, expected, now],
      [this.#sql.select, id, now],
    ]);
    if (changes(most) + changes(all) > 0) return { status: "ok", version: Number(expected) + 1 };
    const current = recordIn(found);
    return current ? { status: "conflict", current } : { status: "gone" };
  }

  async touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean> {
    return changes(await this.#database.one(this.#sql.touch, seenAt, expiresAt, toText(key), this.#clock())) === 1;
  }

  async delete(key: SessionKey): Promise<boolean> {
    const id = toText(key);
    // An expired one goes too: a clock that steps back must not show it again.
    const [live] = await this.#database.all([
      [this.#sql.deleteLive, id, this.#clock()],
      [this.#sql.deleteAny, id],
    ]);
    return changes(live) === 1;
  }

  async epoch(userId: string): Promise<Epoch> {
    return epochIn(await this.#database.one(this.#sql.epoch, toText(userId)));
  }

  async admit(
    key: SessionKey,
    record: SessionRecord & { readonly userId: string },
    { epoch, limit, onLimit = "evict-oldest" }: Admission,
  ): Promise<AdmitResult> {
    const sql = this.#sql;
    const now = this.#clock();
    const version = firstVersion();
    const user = toText(record.userId);
    const row = rowOf(key, record, version);
    const rejects = limit !== undefined && onLimit === "reject";
    const evicts: readonly Bound[] =
      limit === undefined || rejects
        ? []
        : [[sql.evict, user, now, user, now, Math.floor(limit), user, epoch, toText(key), now]];
    const [present, live, ...rest] = await this.#database.all([
      [sql.epoch, user],
      [sql.select, toText(key), now],
      ...evicts,
      rejects ? [sql.admitBelow, ...row, user, epoch, user, now, limit, now] : [sql.admit, ...row, user, epoch, now],
      ...this.#sweeping(now),
    ]);
    if (epochIn(present) !== epoch) return { status: "revoked" };
    if (recordIn(live)) return { status: "exists" };
    if (changes(rest[evicts.length]) === 0) return { status: "limit" };
    return { status: "ok", version, evicted: evicts.length > 0 ? keysIn(rest[0]) : [] };
  }

  async list(userId: string, page: PageRequest): Promise<Page<Entry>> {
    const listing = listingOfUser(userId, page, this.#clock());
    if (!listing) return { items: [] };
    const { results } = await this.#database.one(this.#sql.listOfUser, ...listing.values);
    return listing.page(results as Row[]);
  }

  async scan(page: PageRequest): Promise<Page<Entry>> {
    const listing = listingOfAll(page, this.#clock());
    const { results } = await this.#database.one(this.#sql.listAll, ...listing.values);
    return listing.page(results as Row[]);
  }

  async deleteAll(userId: string, except: SessionKey | undefined, limit: number): Promise<readonly SessionKey[]> {
    const user = toText(userId);
    const spared = except === undefined ? NO_KEY : toText(except);
    const [, ended] = await this.#database.all([
      [this.#sql.moveEpoch, user],
      [this.#sql.deleteOfUser, user, this.#clock(), spared, limit],
    ]);
    return keysIn(ended);
  }

  async clear(limit: number): Promise<readonly SessionKey[]> {
    const [, ended] = await this.#database.all([
      [this.#sql.moveEverybody],
      [this.#sql.deleteOfAll, this.#clock(), limit],
    ]);
    return keysIn(ended);
  }

  async deleteExpired(limit: number): Promise<number> {
    return changes(await this.#database.one(this.#sql.deleteExpired, this.#clock(), limit));
  }

  #sweeping(now: number): readonly Bound[] {
    if (!this.#sweep || Math.random() * SWEEP_ONE_IN >= 1) return [];
    return [[this.#sql.deleteExpired, now, SWEEP_ROWS]];
  }
}

function changes(answer: D1Answer | undefined): number {
  return answer?.meta.changes ?? 0;
}

function recordIn(answer: D1Answer | undefined): StoredRecord | null {
  const row = answer?.results[0] as Omit<Row, "key"> | undefined;
  return row ? toRecord(row) : null;
}

function keysIn(answer: D1Answer | undefined): readonly SessionKey[] {
  return ((answer?.results ?? []) as readonly Pick<Row, "key">[]).map((row) => fromText(row.key));
}

function rowOf(key: SessionKey, record: SessionRecord, version: Version): readonly SqliteValue[] {
  const { id, user, payload, createdAt, seenAt, expiresAt } = columnsOf(key, record);
  return [id, user, payload, createdAt, seenAt, expiresAt, version];
}

function epochIn(answer: D1Answer | undefined): Epoch {
  return toEpoch(answer?.results[0] as EpochRow);
}
