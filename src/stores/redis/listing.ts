/**
 * The verb `list`: a user's sessions in pages, from the user's index and then the records. Walks through all keys are
 * in `scanning.ts`.
 */
import { cursorAt, type Position, pageSize, parseCursor } from "../parts/paging.ts";
import { fromText, toText } from "../parts/text.ts";
import type { Entry, Page, PageRequest } from "../store.ts";
import type { Keyspace } from "./keyspace.ts";
import { userName } from "./layout.ts";
import type { Users } from "./users.ts";

const encoder = new TextEncoder();

/** The order in which a sorted set has members of one score. */
function isAfter(a: string, b: string): boolean {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at === -1 ? false : (left[at] as number) > (right[at] ?? -1);
}

/** Members of the index from a place on, with their places, in order. */
async function membersAfter(space: Keyspace, index: string, after: Position, size: number): Promise<Position[]> {
  const found: Position[] = [];
  for (let offset = 0; ; ) {
    const range = [
      "ZRANGEBYSCORE",
      index,
      String(after[0]),
      "+inf",
      "WITHSCORES",
      "LIMIT",
      String(offset),
      String(size),
    ];
    const answer = (await space.connection.send(index, range)) as readonly unknown[];
    // RESP 3 pairs them up, RESP 2 has one after the other; scores are texts there.
    const flat = answer.flat() as (string | number)[];
    for (let at = 0; at < flat.length; at += 2) {
      const place: Position = [Number(flat[at + 1]), String(flat[at])];
      if (place[0] > after[0] || isAfter(place[1], after[1])) found.push(place);
    }
    offset += flat.length / 2;
    if (found.length > 0 || flat.length < 2 * size) return found;
  }
}

/**
 * A page of a user's sessions: the index, then the records. What the index has and is not there any more is
 * left out, and taken out of the index.
 */
export async function list(space: Keyspace, users: Users, userId: string, page: PageRequest): Promise<Page<Entry>> {
  const limit = pageSize(page.limit);
  const from = page.cursor === undefined ? ([-8.64e15, ""] as const) : parseCursor(page.cursor);
  if (from === undefined) return { items: [] };
  const index = space.layout.index(userName(userId));
  const items: Entry[] = [];
  const dead: string[] = [];
  let after: Position = from;
  let more = true;
  while (more && items.length <= limit) {
    const places = await membersAfter(space, index, after, limit + 1);
    const records = await space.getMany(places.map(([, member]) => fromText(member)));
    for (const [at, [, member]] of places.entries()) {
      const record = records[at];
      if (record?.userId === userId) items.push({ key: fromText(member), record });
      else dead.push(member);
    }
    after = places.at(-1) ?? after;
    more = places.length > 0;
  }
  if (dead.length > 0) await users.heal(userId, dead.slice(0, 1000));
  const given = items.slice(0, limit);
  const last = given.at(-1);
  if (items.length <= limit || last === undefined) return { items: given };
  return { items: given, cursor: cursorAt(last.record.createdAt, toText(last.key)) };
}
