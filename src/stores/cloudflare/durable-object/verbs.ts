/**
 * The verbs that an object does by itself, over the reads and writes that every SQLite here shares.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../../record.ts";
import { toText } from "../../parts/text.ts";
import { list, scan } from "../../sql/sqlite-listing.ts";
import type { Row } from "../../sql/sqlite-row.ts";
import { toRecord } from "../../sql/sqlite-row.ts";
import type { RecordStatements } from "../../sql/sqlite-statements.ts";
import * as users from "../../sql/sqlite-users.ts";
import type { Write } from "../../sql/sqlite-writes.ts";
import * as writes from "../../sql/sqlite-writes.ts";
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

/** A record of a user. */
export type UserRecord = SessionRecord & { readonly userId: string };

/** What one object can be asked, each in one transaction of its storage. */
export interface ObjectVerbs {
  get(key: SessionKey): StoredRecord | null;
  create(key: SessionKey, record: SessionRecord): Version | null;
  update(key: SessionKey, record: SessionRecord, expected: Version): UpdateResult;
  touch(key: SessionKey, seenAt: number, expiresAt: number): boolean;
  delete(key: SessionKey): boolean;
  epoch(userId: string): Epoch;
  admit(key: SessionKey, record: UserRecord, admission: Admission): AdmitResult;
  list(userId: string, page: PageRequest): Page<Entry>;
  replace(key: SessionKey, record: SessionRecord, old: Replaced, admission: Admission | null): ReplaceResult;
  deleteAll(userId: string, options: DeleteAllOptions): readonly SessionKey[] | null;
  scan(page: PageRequest): Page<Entry>;
  clear(limit: number, at?: number): readonly SessionKey[];
  deleteExpired(limit: number): number;
  probe(): void;
}

/** @param now The caller's, so that an instant means the same to everything that shares the application's clock. */
export function verbsOver(sql: RecordStatements, now: number): ObjectVerbs {
  const clock = (): number => now;
  const run = <T>(write: Write<T>): T => write(sql, []);
  return {
    get: (key) => {
      const row = sql.select.get(toText(key), now) as Omit<Row, "key"> | undefined;
      return row ? toRecord(row) : null;
    },
    create: (key, record) => run(writes.create(key, record, clock)),
    update: (key, record, expected) => run(writes.update(key, record, expected, clock)),
    touch: (key, seenAt, expiresAt) => run(writes.touch(key, seenAt, expiresAt, clock)),
    delete: (key) => run(writes.remove(key, clock)),
    epoch: (userId) => users.epochOf(sql, userId),
    admit: (key, record, admission) => run(users.admit(key, record, admission, clock)),
    list: (userId, page) => list(sql, userId, page, now),
    replace: (key, record, old, admission) => run(users.replace(key, record, old, admission ?? undefined, clock)),
    deleteAll: (userId, options) => run(users.deleteAll(userId, options, clock)),
    scan: (page) => scan(sql, page, now),
    clear: (limit, at) => run(users.clear({ limit, at }, clock)),
    deleteExpired: (limit) => run(writes.deleteExpired(limit, clock)),
    probe: () => run(writes.probe("Durable Object", clock)),
  };
}
