/**
 * The two verbs of nearly every request, `get` and `update`: those of one moment become one statement, and the clock
 * is read when it is sent. `end`, an update that is asked alone, is here for what they share.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { Gather } from "../parts/batch.ts";
import { fromText, toText } from "../parts/text.ts";
import type { UpdateResult } from "../store.ts";
import type { Connection } from "./connection.ts";
import { DONE, freshVersion, knownVersion, type Row, toRecord, type Value, valuesOf } from "./row.ts";

/** `null` when there is no such row, as `get` answers. */
export type Reads = Gather<SessionKey, StoredRecord | null>;

export function gatherReads(connection: Connection, clock: Clock): Reads {
  return new Gather<SessionKey, StoredRecord | null>({
    async one(key) {
      const [row] = await connection.run("get", [toText(key), clock()]);
      return row === undefined ? null : toRecord(row);
    },
    async many(keys) {
      const rows = byKey(await connection.run("getMany", [JSON.stringify(keys.map(toText)), clock()]));
      return keys.map((key) => {
        const row = rows.get(key);
        return row === undefined ? null : toRecord(row);
      });
    },
  });
}

interface Change {
  readonly key: SessionKey;
  readonly record: SessionRecord;
  readonly expected: Version;
  readonly next: Version;
}

export class Updates {
  readonly #gather: Gather<Change, UpdateResult>;

  constructor(connection: Connection, clock: Clock) {
    this.#gather = new Gather<Change, UpdateResult>({
      async one(change) {
        const [row] = await connection.run("update", [...valuesOfChange(change), clock()]);
        return row === undefined ? { status: "gone" } : resultOf(row, change.next);
      },
      async many(changes) {
        // Of several changes of one row, one statement makes the first only.
        const first = new Map(changes.map((change) => [change.key, change] as const).reverse());
        const entries = [...first.values()].map(entryOf);
        const rows = byKey(await connection.run("updateMany", [JSON.stringify(entries), clock()]));
        return changes.map((change) => {
          const row = first.get(change.key) === change ? rows.get(change.key) : undefined;
          // A row that is not there may be gone, or somebody else's at the moment: whoever asks for it alone waits.
          return row && resultOf(row, change.next);
        });
      },
      isOfOne,
    });
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.#gather.ask({ key, record, expected, next: freshVersion() });
  }

  flush(): void {
    this.#gather.flush();
  }
}

/** As `update`, alone, and it is told as an end. `origin` is who tells. */
export async function end(
  connection: Connection,
  key: SessionKey,
  record: SessionRecord,
  expected: Version,
  now: number,
  origin: string | null,
): Promise<UpdateResult> {
  const change = { key, record, expected, next: freshVersion() };
  const [row] = await connection.run("end", [...valuesOfChange(change), now, origin]);
  return row === undefined ? { status: "gone" } : resultOf(row, change.next);
}

function valuesOfChange({ key, record, expected, next }: Change): Value[] {
  const [id, version, ...rest] = valuesOf(key, next, record) as [Value, Value, ...Value[]];
  return [id, knownVersion(expected), version, ...rest];
}

function byKey(rows: readonly Row[]): ReadonlyMap<SessionKey, Row> {
  return new Map(rows.map((row) => [fromText(String(row.key)), row]));
}

function resultOf(row: Row, next: Version): UpdateResult {
  return row.facts === DONE ? { status: "ok", version: next } : { status: "conflict", current: toRecord(row) };
}

/** As the statement names the columns of what it is given. */
function entryOf({ key, record, expected, next }: Change): Readonly<Record<string, Value>> {
  const [id, version, created, seen, expires, owner, payload] = valuesOf(key, next, record) as [
    Value,
    Value,
    ...Value[],
  ];
  return {
    key: id,
    expected: knownVersion(expected),
    version,
    created: created ?? null,
    seen: seen ?? null,
    expires: expires ?? null,
    owner: owner ?? null,
    payload: payload ?? null,
  };
}

/** The server refuses a value of one of them (classes 22, 23, 54), and has rolled back all. */
function isOfOne(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && (/^(?:22|23|54)...$/.test(code) || code === "SOJOURN_RECORD_TOO_LARGE");
}
