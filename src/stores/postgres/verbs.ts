/**
 * The verbs that are always asked alone, each one statement but for `deleteExpired`, which goes in steps. Times are
 * the application's; `now` is taken when the verb is called.
 */
import { isSessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, Version } from "../../record.ts";
import { checkLimit, cursorAt, pageSize, parseCursor, toPage } from "../parts/paging.ts";
import type { Swept } from "../parts/sweep.ts";
import { SWEEP, sweepInSteps } from "../parts/sweep.ts";
import { fromText, isPlain, toText } from "../parts/text.ts";
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
} from "../store.ts";
import type { Connection } from "./connection.ts";
import { freshVersion, knownVersion, type Row, toEntry, toRecord, type Value, valuesOf } from "./row.ts";

export async function create(
  connection: Connection,
  key: SessionKey,
  record: SessionRecord,
  now: number,
): Promise<Version | null> {
  const version = freshVersion();
  const rows = await connection.run("create", [...valuesOf(key, version, record), now]);
  return rows.length === 1 ? version : null;
}

export async function touch(
  connection: Connection,
  key: SessionKey,
  seenAt: number,
  expiresAt: number,
  now: number,
): Promise<boolean> {
  return (await connection.run("touch", [toText(key), seenAt, expiresAt, now])).length === 1;
}

export async function remove(
  connection: Connection,
  key: SessionKey,
  now: number,
  origin: string | null,
): Promise<boolean> {
  const [row] = await connection.run("remove", [toText(key), now, origin]);
  return row?.live === true;
}

export async function epochOf(connection: Connection, userId: string): Promise<Epoch> {
  const [row] = await connection.run("epoch", [toText(userId)]);
  if (typeof row?.epoch !== "string") throw new TypeError("The row of the epoch is missing.");
  return row.epoch;
}

export async function admit(
  connection: Connection,
  key: SessionKey,
  record: SessionRecord & { readonly userId: string },
  admission: Admission,
  now: number,
  origin: string | null,
): Promise<AdmitResult> {
  const version = freshVersion();
  const values = [...valuesOf(key, version, record), now, ...admissionOf(admission), origin];
  const [status, ...evicted] = ended(await connection.run("admit", values));
  if (status === "ok") return { status, version, evicted };
  if (status === "exists" || status === "revoked" || status === "limit") return { status };
  throw otherAnswer();
}

/** The parameters of an admission; without one the function asks nothing. */
function admissionOf(admission: Admission | undefined): Value[] {
  if (admission === undefined) return [null, null, null, null];
  const { epoch, since, limit, onLimit } = admission;
  const most = limit === undefined || limit > Number.MAX_SAFE_INTEGER ? null : String(Math.max(0, Math.floor(limit)));
  return [toText(epoch), since ?? null, most, onLimit === "reject"];
}

function otherAnswer(): TypeError {
  return new TypeError("The function that admits a session answered with nothing that it can answer.");
}

export async function replace(
  connection: Connection,
  key: SessionKey,
  record: SessionRecord,
  old: Replaced,
  admission: Admission | undefined,
  now: number,
  origin: string | null,
): Promise<ReplaceResult> {
  const version = freshVersion();
  const [oldKey, ...rest] = valuesOf(old.key, freshVersion(), old.record) as [Value, ...Value[]];
  const before = [...valuesOf(key, version, record), now, ...admissionOf(admission), origin];
  const rows = await connection.run("replace", [...before, oldKey, knownVersion(old.version), ...rest]);
  const status = rows[0]?.ended;
  if (status === "ok") return { status, version, evicted: ended(rows.slice(1)) };
  if (status === "conflict") {
    return { status, current: toRecord({ payload: rows[1]?.ended, facts: rows[2]?.ended }) };
  }
  if (status === "exists" || status === "revoked" || status === "limit" || status === "gone") return { status };
  throw otherAnswer();
}

/** What the functions answer: one text a row. */
function ended(rows: readonly Row[]): SessionKey[] {
  return rows.map((row) => fromText(String(row.ended)));
}

/** By `createdAt` and key; the cursor is the last pair that was given. */
export async function list(
  connection: Connection,
  userId: string,
  page: PageRequest,
  now: number,
): Promise<Page<Entry>> {
  const limit = pageSize(page.limit);
  const after = page.cursor === undefined ? ([Number.NEGATIVE_INFINITY, ""] as const) : parseCursor(page.cursor);
  if (after === undefined) return { items: [] };
  const rows = await connection.run("list", [toText(userId), now, ...after, limit + 1]);
  return toPage(rows, limit, toEntry, (row) => cursorAt(toRecord(row).createdAt, String(row.key)));
}

/** By key: the one order in which a row keeps its place whatever happens to it. */
export async function scan(connection: Connection, page: PageRequest, now: number): Promise<Page<Entry>> {
  const limit = pageSize(page.limit);
  const { cursor = "" } = page;
  // From an address anything may come, "?cursor[a]=1" too.
  if (typeof cursor !== "string" || !isPlain(cursor)) return { items: [] };
  const rows = await connection.run("scan", [cursor, now, limit + 1]);
  return toPage(rows, limit, toEntry, (row) => String(row.key));
}

export async function deleteAll(
  connection: Connection,
  userId: string,
  options: DeleteAllOptions,
  now: number,
  origin: string | null,
): Promise<SessionKey[] | null> {
  const limit = String(checkLimit(options.limit));
  const except = options.except === undefined ? null : toText(options.except);
  try {
    const rows = await connection.run("endUser", [toText(userId), except, limit, now, origin, options.at ?? now]);
    return rows[0]?.ended === null ? null : ended(rows);
  } catch (error) {
    // No index takes such a user, so no session is theirs.
    if (!isSessionError(error, "SOJOURN_RECORD_TOO_LARGE")) throw error;
    return except === null ? [] : null;
  }
}

export async function clear(
  connection: Connection,
  options: Omit<DeleteAllOptions, "except">,
  now: number,
  origin: string | null,
): Promise<SessionKey[]> {
  const limit = String(checkLimit(options.limit));
  return ended(await connection.run("endAll", [limit, now, origin, options.at ?? now]));
}

/** Steps that may go by for rows that have been touched since, and are only put off. */
const SPARE_STEPS = 40;

/** In steps: each is a transaction of its own, so that nobody waits for long. */
export function deleteExpired(connection: Connection, limit: number, now: number): Promise<number> {
  const step = async (size: number): Promise<Swept> => {
    const [row] = await connection.run("sweep", [now, size]);
    const [removed, moved] = [Number(row?.gone), Number(row?.moved)];
    return { removed, more: removed + moved === size };
  };
  return sweepInSteps(limit, SWEEP, step, Math.ceil(limit / SWEEP) + SPARE_STEPS);
}
