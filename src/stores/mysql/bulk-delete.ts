/**
 * How one call ends many sessions: in steps of at most a thousand, and each held before it is deleted, so that its end
 * is told exactly once.
 */
import type { SessionKey } from "../../record.ts";
import type { Row } from "./row.ts";
import { isKey } from "./row.ts";
import type { Statements } from "./statements.ts";
import type { Transaction } from "./transaction.ts";

/** Sizes of lists of keys: few, for each is a statement that the server keeps prepared for each connection. */
const SIZES = [1, 10, 100, 1000];
const LARGEST = 1000;

/** Keys in a list of one of the sizes; the last one stands where there are too few. */
function filled(keys: readonly SessionKey[]): readonly SessionKey[] {
  const size = SIZES.find((each) => each >= keys.length) ?? LARGEST;
  const last = keys.at(-1) as SessionKey;
  return Array.from({ length: size }, (_, index) => keys[index] ?? last);
}

type Keyed = Pick<Row, "session_key">;

/**
 * Ends those of these sessions that are still live (and the user's). They are held first, and then deleted: a DELETE
 * does not say what it found, and each end must be told exactly once.
 */
async function end(
  sql: Statements,
  transaction: Transaction,
  rows: readonly Keyed[],
  user: Uint8Array | undefined,
  now: number,
): Promise<readonly SessionKey[]> {
  const keys = rows.map((row) => row.session_key);
  const ended: SessionKey[] = [];
  for (let start = 0; start < keys.length; start += LARGEST) {
    const asked = filled(keys.slice(start, start + LARGEST));
    const owner = user === undefined ? [] : [user];
    const held = await transaction.rows<Keyed>(sql.holdKeys(asked.length, user !== undefined), ...asked, now, ...owner);
    const found = held.map((row) => row.session_key);
    if (found.length > 0) {
      const all = filled(found);
      await transaction.change(sql.deleteKeys(all.length), ...all);
    }
    ended.push(...found);
  }
  return ended;
}

/** What a step of a bulk verb did. */
export interface Ended {
  readonly keys: readonly SessionKey[];
  /** Whether there may be more. Not to be seen from the number of keys: others end sessions as well. */
  readonly more: boolean;
}

/** A transaction's share of a bulk verb. */
export interface Step {
  readonly size: number;
  readonly first: boolean;
}

/**
 * Runs a bulk verb in transactions of at most a thousand sessions each. A step that must not be done answers null: then
 * the verb did what the steps before did, or was refused at the first.
 */
export async function inSteps<Refused extends null>(
  limit: number,
  run: (step: Step) => Promise<Ended | Refused>,
): Promise<readonly SessionKey[] | Refused> {
  const keys: SessionKey[] = [];
  for (let [first, more] = [true, true]; more && keys.length < limit; first = false) {
    const done = await run({ size: Math.min(LARGEST, limit - keys.length), first });
    if (done === null) return first ? done : keys;
    keys.push(...done.keys);
    more = done.more;
  }
  return keys;
}

/** No row has the empty key. */
const NO_KEY: SessionKey = "";

/** The oldest of a user's sessions. */
export async function endOldest(
  sql: Statements,
  transaction: Transaction,
  user: Uint8Array,
  count: number,
  now: number,
): Promise<readonly SessionKey[]> {
  const rows = await transaction.rows<Keyed>(sql.keysOfUser, user, now, NO_KEY, String(count));
  return end(sql, transaction, rows, user, now);
}

export async function endAllOf(
  sql: Statements,
  transaction: Transaction,
  user: Uint8Array,
  except: SessionKey | undefined,
  size: number,
  now: number,
): Promise<Ended> {
  const spared = except !== undefined && isKey(except) ? except : NO_KEY;
  const rows = await transaction.rows<Keyed>(sql.keysOfUser, user, now, spared, String(size));
  return { keys: await end(sql, transaction, rows, user, now), more: rows.length === size };
}

export async function endEverybody(
  sql: Statements,
  transaction: Transaction,
  size: number,
  now: number,
): Promise<Ended> {
  const rows = await transaction.rows<Keyed>(sql.keysOfAll, now, String(size));
  return { keys: await end(sql, transaction, rows, undefined, now), more: rows.length === size };
}
