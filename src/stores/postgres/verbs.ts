import type { SessionKey, SessionRecord, Version } from "../../record.ts";
import { checkLimit, cursorAt, pageSize, parseCursor, toPage } from "../parts/paging.ts";
import type { Swept } from "../parts/sweep.ts";
import { SWEEP, sweepInSteps } from "../parts/sweep.ts";
import { fromText, isPlain, toText } from "../parts/text.ts";
import type { Admission, AdmitResult, Entry, Epoch, Page, PageRequest } from "../store.ts";
import type { Connection } from "./connection.ts";
import { freshVersion, type Row, toEntry, toRecord, valuesOf } from "./row.ts";

/** The verbs that are always asked alone, each one statement. Times are the application's; `now` is taken when the verb is called. */

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
  const { epoch, limit, onLimit } = admission;
  const version = freshVersion();
  const most = limit === undefined || limit > Number.MAX_SAFE_INTEGER ? null : String(Math.max(0, Math.floor(limit)));
  const values = [...valuesOf(key, version, record), now, toText(epoch), most, onLimit === "reject", origin];
  const [status, ...evicted] = ended(await connection.run("admit", values));
  if (status === "ok") return { status, version, evicted };
  if (status === "exists" || status === "revoked" || status === "limit") return { status };
  throw new TypeError("The function that admits a session answered with nothing that it can answer.");
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
  if (!isPlain(cursor)) return { items: [] };
  const rows = await connection.run("scan", [cursor, now, limit + 1]);
  return toPage(rows, limit, toEntry, (row) => String(row.key));
}

export async function deleteAll(
  connection: Connection,
  userId: string,
  options: { readonly except?: SessionKey | undefined; readonly limit?: number | undefined },
  now: number,
  origin: string | null,
): Promise<SessionKey[]> {
  const limit = checkLimit(options.limit);
  const except = options.except === undefined ? null : toText(options.except);
  return ended(await connection.run("endUser", [toText(userId), except, String(limit), now, origin]));
}

export async function clear(
  connection: Connection,
  limit: number | undefined,
  now: number,
  origin: string | null,
): Promise<SessionKey[]> {
  return ended(await connection.run("endAll", [String(checkLimit(limit)), now, origin]));
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
