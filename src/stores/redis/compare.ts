/**
 * Compare-and-set of a record by a script: the terms that the script is given, and what its answer means. `batch.ts`
 * puts many of them into one script.
 */
import type { SessionKey, SessionRecord, Version } from "../../record.ts";
import type { UpdateResult } from "../store.ts";
import { digit, isOne } from "./answer.ts";
import { type Keyspace, lifeOf } from "./keyspace.ts";
import type { Script } from "./script.ts";
import { GRACE } from "./script-parts.ts";
import { update } from "./scripts.ts";
import { column, decode, encode, nextVersion, versionColumn } from "./value.ts";

/** Whether the script sees to the index as well. */
export type IndexDuty = "kept" | "refused" | "seen-to";
const DUTY: Record<IndexDuty, string> = { refused: "0", kept: "1", "seen-to": "2" };

/** What the script compares, and the life of what it sets. */
export function termsOf(record: SessionRecord, expected: Version, duty: IndexDuty, now: number): string {
  return `${column(now)}${versionColumn(expected)}${DUTY[duty]}${lifeOf(record.expiresAt, now, GRACE)}`;
}

/** What the script answered; `version` is that of what was to be set. */
export function resultOf(answer: unknown, version: Version, now: number): UpdateResult {
  if (isOne(answer)) return { status: "ok", version };
  const current = typeof answer === "string" ? decode(answer, now) : null;
  return current ? { status: "conflict", current } : { status: "gone" };
}

/**
 * `index`: the record belongs to another user, or began at another time, than the one that is there.
 *
 * @param script `update`, or `end`.
 */
export async function compareAndSet(
  space: Keyspace,
  key: SessionKey,
  record: SessionRecord,
  expected: Version,
  duty: IndexDuty,
  script: Script = update,
): Promise<UpdateResult | "index"> {
  const version = nextVersion();
  const now = space.clock();
  const args = [termsOf(record, expected, duty, now), encode(record, version)];
  const answer = await script.run(space, [space.layout.record(key)], args);
  return digit(answer) === 2 ? "index" : resultOf(answer, version, now);
}
