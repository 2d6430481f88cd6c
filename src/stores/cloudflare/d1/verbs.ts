/**
 * The verbs of the D1 store, each one statement or one batch.
 */
import type { Clock } from "../../../clock.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../../record.ts";
import { instantOf } from "../../parts/bounds.ts";
import { checkLimit } from "../../parts/paging.ts";
import { fromText, NO_KEY, toText } from "../../parts/text.ts";
import { firstVersion } from "../../parts/version.ts";
import { probeAt, probeLost } from "../../sql/probe.ts";
import { listingOfAll, listingOfUser } from "../../sql/sqlite-listing.ts";
import type { Row } from "../../sql/sqlite-row.ts";
import { toRecord } from "../../sql/sqlite-row.ts";
import { EVERYBODY, type SqliteValue } from "../../sql/sqlite-statements.ts";
import { type EpochRow, toEpoch } from "../../sql/sqlite-users.ts";
import { type Columns, changedOf, columnsOf } from "../../sql/sqlite-writes.ts";
import type {
  Admission,
  AdmitResult,
  DeleteAllOptions,
  Entry,
  Epoch,
  Page,
  PageRequest,
  Replaced,
  ReplaceResult,
  UpdateResult,
} from "../../store.ts";
import { every } from "./conditions.ts";
import type { Bound, D1Answer, Database } from "./database.ts";
import type { Texts } from "./statements.ts";

type UserRecord = SessionRecord & { readonly userId: string };

/** What one new session in so many takes away, and how much of it. */
const SWEEP_ONE_IN = 100;
const SWEEP_ROWS = 200;

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
    const row = columnsOf(key, record);
    const { id, user, createdAt } = row;
    const now = this.#clock();
    // When the first has written, the version has moved on and the second finds nothing.
    const [most, all, found] = await this.#database.all([
      [this.#sql.update, ...changedOf(row), id, expected, now, createdAt, user],
      [this.#sql.updateAll, ...changedOf(row), createdAt, user, id, expected, now],
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

  async admit(key: SessionKey, record: UserRecord, admission: Admission): Promise<AdmitResult> {
    const [result] = await this.#enter(columnsOf(key, record), admission);
    return result;
  }

  async replace(
    key: SessionKey,
    record: SessionRecord,
    old: Replaced,
    admission: Admission | undefined,
  ): Promise<ReplaceResult> {
    const [result, current] = await this.#enter(columnsOf(key, record), admission, old);
    if (!current) return { status: "gone" };
    return current.version === old.version ? result : { status: "conflict", current };
  }

  /**
   * Inserts in one batch, in the place of `old` when there is one; with an admission when it lets in. Gives what `old`
   * was, too.
   */
  async #enter(
    row: Columns,
    admission: Admission | undefined,
    old?: Replaced,
  ): Promise<readonly [AdmitResult, StoredRecord | null]> {
    const sql = this.#sql;
    const now = this.#clock();
    const version = firstVersion();
    const user = row.user ?? toText("");
    const tombstone = old && columnsOf(old.key, old.record);
    const instead = tombstone?.id ?? NO_KEY;
    const { limit, onLimit = "evict-oldest", since = Number.POSITIVE_INFINITY } = admission ?? {};
    const condition = every([
      old && sql.when.isLive(instead, old.version, now),
      admission && sql.when.epochIs(user, admission.epoch),
      admission?.since === undefined ? undefined : sql.when.notRevokedSince(user, admission.since),
      sql.when.isFree(row.id, now),
    ]);
    const room = limit !== undefined && onLimit === "reject" ? sql.when.hasRoom(user, limit, now, instead) : undefined;
    const evict: readonly Bound[] =
      limit !== undefined && !room ? [sql.evictIf(user, Math.floor(limit), now, instead, condition)] : [];
    const bury: readonly Bound[] =
      old && tombstone ? [sql.updateIf(tombstone, old.version, now, sql.when.isInserted(row.id, version))] : [];
    // The fifth is what the eviction answered, or else the insert.
    const [before, epoch, revoked, live, entered] = await this.#database.all([
      [sql.select, instead, now],
      [sql.epoch, user],
      [sql.revokedAt, user, EVERYBODY],
      [sql.select, row.id, now],
      ...evict,
      sql.insertIf(valuesOf(row, version), every([condition, room]), now),
      ...bury,
      ...this.#sweeping(now),
    ]);
    const answer = (): AdmitResult => {
      if (admission && (epochIn(epoch) !== admission.epoch || instantIn(revoked) > since)) return { status: "revoked" };
      if (recordIn(live)) return { status: "exists" };
      if (evict.length > 0) return { status: "ok", version, evicted: keysIn(entered) };
      return changes(entered) === 0 ? { status: "limit" } : { status: "ok", version, evicted: [] };
    };
    return [answer(), recordIn(before)];
  }

  async list(userId: string, page: PageRequest): Promise<Page<Entry>> {
    const listing = listingOfUser(userId, page, this.#clock());
    if (!listing) return { items: [] };
    const { results } = await this.#database.one(this.#sql.listOfUser, ...listing.values);
    return listing.page(results as Row[]);
  }

  async scan(page: PageRequest): Promise<Page<Entry>> {
    const listing = listingOfAll(page, this.#clock());
    if (!listing) return { items: [] };
    const { results } = await this.#database.one(this.#sql.listAll, ...listing.values);
    return listing.page(results as Row[]);
  }

  async deleteAll(userId: string, options: DeleteAllOptions): Promise<readonly SessionKey[] | null> {
    const user = toText(userId);
    const limit = checkLimit(options.limit);
    const at = instantOf("at", options.at, this.#clock);
    const now = this.#clock();
    const spared = options.except === undefined ? NO_KEY : toText(options.except);
    const condition = every([options.except === undefined ? undefined : this.#sql.when.isOwnedBy(spared, user, now)]);
    const [found, , , ended] = await this.#database.all([
      [this.#sql.ownedBy, spared, user, now],
      this.#sql.moveEpochIf(user, condition),
      this.#sql.revokeIf(user, at, condition),
      this.#sql.deleteOfUserIf(user, now, spared, limit, condition),
    ]);
    return options.except !== undefined && found?.results.length === 0 ? null : keysIn(ended);
  }

  async clear(options: Omit<DeleteAllOptions, "except">): Promise<readonly SessionKey[]> {
    const limit = checkLimit(options.limit);
    const at = instantOf("at", options.at, this.#clock);
    const [, , ended] = await this.#database.all([
      [this.#sql.moveEverybody],
      [this.#sql.revoke, EVERYBODY, at],
      [this.#sql.deleteOfAll, this.#clock(), limit],
    ]);
    return keysIn(ended);
  }

  /** For `health`: a record's whole way, in one batch. */
  async probe(): Promise<void> {
    const now = this.#clock();
    const { key, record } = probeAt(now);
    const [, read, deleted] = await this.#database.all([
      [this.#sql.insert, ...rowOf(key, record, firstVersion()), now],
      [this.#sql.select, toText(key), now],
      [this.#sql.deleteAny, toText(key)],
    ]);
    if (recordIn(read)?.payload !== record.payload || changes(deleted) !== 1) throw probeLost("D1");
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
  return valuesOf(columnsOf(key, record), version);
}

function valuesOf({ id, user, payload, createdAt, seenAt, expiresAt }: Columns, version: Version): SqliteValue[] {
  return [id, user, payload, createdAt, seenAt, expiresAt, version];
}

/** The last instant of a revocation. */
function instantIn(answer: D1Answer | undefined): number {
  return (answer?.results[0] as { at: number | null } | undefined)?.at ?? Number.NEGATIVE_INFINITY;
}

function epochIn(answer: D1Answer | undefined): Epoch {
  return toEpoch(answer?.results[0] as EpochRow);
}
