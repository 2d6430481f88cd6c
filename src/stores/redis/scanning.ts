/**
 * The verbs that walk through the keys of every master with SCAN: `scan` gives their records in pages, `clear` ends
 * them all. What is about one user goes by the user's index (`listing.ts`).
 */
import type { SessionKey } from "../../record.ts";
import { pageSize } from "../parts/paging.ts";
import type { Entry, Page, PageRequest } from "../store.ts";
import type { Send } from "./connection.ts";
import type { Keyspace } from "./keyspace.ts";
import type { Users } from "./users.ts";

/** Keys that the server looks at for one SCAN: about a tenth of a millisecond of its time. */
const STEP = 1000;

interface Batch {
  readonly keys: readonly SessionKey[];
  readonly next: string;
}

async function scanOnce(space: Keyspace, send: Send, cursor: string, count: number): Promise<Batch> {
  const answer = await send(["SCAN", cursor, "MATCH", space.layout.pattern, "COUNT", String(count)]);
  const [next, names] = answer as [string | number, string[]];
  const keys = new Set(names.map((name) => space.layout.keyOf(name)).filter((key) => key !== undefined));
  return { keys: [...keys].sort(), next: String(next) };
}

/** Which master, where in its table, and the last key given when one place of the table holds more than a page. */
interface Place {
  readonly node: number;
  readonly cursor: string;
  readonly after: SessionKey | undefined;
}

function parsePlace(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return { node: 0, cursor: "0", after: undefined };
  // From an address it may be anything: `?cursor[a]=1` is an object to most parsers.
  if (typeof cursor !== "string") return undefined;
  const [, node, at, after] = /^(\d{1,4}) (\d{1,20})(?: (.*))?$/s.exec(cursor) ?? [];
  // More than 64 bits is no cursor of SCAN, and would be an error.
  if (at === undefined || BigInt(at) > 0xffff_ffff_ffff_ffffn) return undefined;
  return { node: Number(node), cursor: at, after };
}

/**
 * The records in the order of the servers' own tables, one master after the other. A place of a table is given whole or
 * not at all, so that it does not matter who comes and goes between two pages.
 */
export async function scan(space: Keyspace, page: PageRequest): Promise<Page<Entry>> {
  const limit = pageSize(page.limit);
  let place = parsePlace(page.cursor);
  const nodes = await space.connection.masters();
  const items: Entry[] = [];
  // What comes after a key is so within one place of the table only: a longer step would mix in others.
  for (let count = place?.after === undefined ? STEP : 1; place !== undefined && place.node < nodes.length; ) {
    const { node, cursor, after } = place;
    const { keys, next } = await scanOnce(space, nodes[node] as Send, cursor, count);
    const fresh = after === undefined ? keys : keys.filter((key) => key > after);
    const room = limit - items.length;
    if (fresh.length > room && count > 1) {
      if (room === 0) break;
      count = Math.max(1, Math.min(Math.floor(count / 2), room));
      continue;
    }
    if (fresh.length > room && items.length > 0) break;
    const taken = fresh.slice(0, room);
    items.push(...(await entries(space, taken)));
    if (taken.length < fresh.length) {
      place = { node, cursor, after: taken.at(-1) };
      break;
    }
    place = next === "0" ? { node: node + 1, cursor: "0", after: undefined } : { node, cursor: next, after: undefined };
    count = STEP;
  }
  const ended = place === undefined || place.node >= nodes.length;
  return ended || place === undefined ? { items } : { items, cursor: writePlace(place) };
}

function writePlace({ node, cursor, after }: Place): string {
  return after === undefined ? `${node} ${cursor}` : `${node} ${cursor} ${after}`;
}

async function entries(space: Keyspace, keys: readonly SessionKey[]): Promise<readonly Entry[]> {
  const records = await space.getMany(keys);
  return keys.flatMap((key, at) => {
    const record = records[at];
    return record ? [{ key, record }] : [];
  });
}

/**
 * Walks of a Cluster, at least two, and while there is something to find: a slot may move from a master that comes
 * later to one that was walked through.
 */
const WALKS = 3;

/**
 * Ends everything. The epoch moves first: what was admitted before that is found by the walk, because SCAN gives what
 * is there from its beginning to its end; what comes later with an older epoch is refused.
 */
export async function clear(space: Keyspace, users: Users, limit: number, at: number): Promise<readonly SessionKey[]> {
  await users.moveEverybody(at);
  const ended = new Set<SessionKey>();
  for (let walk = 1; walk <= (space.connection.cluster ? WALKS : 1); walk += 1) {
    const before = ended.size;
    await endAll(space, users, limit, ended);
    if (ended.size >= limit || (walk > 1 && ended.size === before)) break;
  }
  return [...ended];
}

/** What was ended already and is there again came later, and stays. */
async function endAll(space: Keyspace, users: Users, limit: number, ended: Set<SessionKey>): Promise<void> {
  for (const send of await space.connection.masters()) {
    let cursor = "0";
    do {
      const { keys, next } = await scanOnce(space, send, cursor, STEP);
      const fresh = keys.filter((key) => !ended.has(key));
      for (let at = 0; at < fresh.length; ) {
        const room = limit - ended.size;
        if (room === 0) return;
        for (const key of await users.deleteMany(fresh.slice(at, at + room))) ended.add(key);
        at += room;
      }
      cursor = next;
    } while (cursor !== "0");
  }
}
