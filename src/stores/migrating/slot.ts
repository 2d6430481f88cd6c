/**
 * What stands under a key in either store and how it is told apart: the session, or what a move or an end puts there.
 * Versions that say which store they are of are here as well.
 */
import type { SessionRecord, StoredRecord, Version } from "../../record.ts";

/** The store that sessions come from, or the one that they go to. */
export type Side = "from" | "to";

/**
 * What stands under a key in one of the two stores.
 *
 * | kind | means |
 * |---|---|
 * | `record` | the session, as any store holds it: the truth, wherever it stands |
 * | `copy` | a copy of the other store's record of version `of`, which counts only while the other holds `moved` of that version |
 * | `moved` | in the place of the record of version `of`, whose copy in the other store has become the session |
 * | `ending` | the session is in the other store and is being ended there: nothing may be moved here |
 *
 * Only `record` means anything to a program that uses one of the stores by itself: the others cannot be read as a
 * session.
 */
export type Slot =
  | { readonly kind: "record"; readonly record: StoredRecord }
  | { readonly kind: "copy"; readonly of: string; readonly version: Version; readonly content: SessionRecord }
  | { readonly kind: "moved"; readonly of: string; readonly version: Version }
  | { readonly kind: "ending"; readonly version: Version; readonly until: number };

/** No payload of the library begins like this, nor does one that is sealed. */
const MARK = "~sojourn-migration ";

type Head =
  | readonly [kind: "copy", of: string, userId: string | null]
  | readonly [kind: "moved", of: string]
  | readonly [kind: "ending"];

function write(record: SessionRecord, head: Head, userId: string | undefined, payload = ""): SessionRecord {
  const { createdAt, seenAt, expiresAt } = record;
  return { payload: `${MARK}${JSON.stringify(head)}\n${payload}`, userId, createdAt, seenAt, expiresAt };
}

/** The user travels in the payload: a copy must neither be listed nor counted, for the session is where it was. */
export function copyOf(record: StoredRecord): SessionRecord {
  return write(record, ["copy", versionText(record.version), record.userId ?? null], undefined, record.payload);
}

/** Still the user's: what ends all of a user's sessions must find one that is on its way. */
export function movedMark(record: StoredRecord): SessionRecord {
  return write(record, ["moved", versionText(record.version)], record.userId);
}

export function endingMark(now: number, until: number): SessionRecord {
  return write({ payload: "", createdAt: now, seenAt: now, expiresAt: until }, ["ending"], undefined);
}

function readHead(text: string): Head | undefined {
  try {
    return JSON.parse(text) as Head;
  } catch {
    return undefined;
  }
}

/** What was read, as what it means. */
export function slotOf(stored: StoredRecord): Slot {
  const { payload, version, createdAt, seenAt, expiresAt } = stored;
  const end = payload.startsWith(MARK) ? payload.indexOf("\n") : -1;
  const head = end < 0 ? undefined : readHead(payload.slice(MARK.length, end));
  switch (head?.[0]) {
    case "copy": {
      const [, of, userId] = head;
      const content = { payload: payload.slice(end + 1), userId: userId ?? undefined, createdAt, seenAt, expiresAt };
      return { kind: "copy", of, version, content };
    }
    case "moved":
      return { kind: "moved", of: head[1], version };
    case "ending":
      return { kind: "ending", version, until: expiresAt };
    default:
      return { kind: "record", record: stored };
  }
}

/** Whether a move got past the point of no return and was not finished: the copy is the session. */
export function isMove(moved: Slot | null, copy: Slot | null): boolean {
  return moved?.kind === "moved" && copy?.kind === "copy" && moved.of === copy.of;
}

export function isSame(a: Slot | null, b: Slot | null): boolean {
  return a === null || b === null ? a === b : a.kind === b.kind && versionOf(a) === versionOf(b);
}

export function versionOf(slot: Slot): Version {
  return slot.kind === "record" ? slot.record.version : slot.version;
}

/** A version with its type, for 1 and "1" are two. */
export function versionText(version: Version): string {
  return `${typeof version === "number" ? "n" : "s"}${version}`;
}

/** A record as callers see it: its version says which store it is of. */
export function labelled(side: Side, record: StoredRecord): StoredRecord {
  return { ...record, version: label(side, record.version) };
}

export function label(side: Side, version: Version): Version {
  return `${side}:${versionText(version)}`;
}

/** Undoes `label`; undefined for what it has not made. */
export function unlabel(version: Version): { readonly side: Side; readonly version: Version } | undefined {
  const [, side, type, text = ""] = /^(from|to):([ns])(.*)$/s.exec(String(version)) ?? [];
  return side === undefined ? undefined : { side: side as Side, version: type === "n" ? Number(text) : text };
}
