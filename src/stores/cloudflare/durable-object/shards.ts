/**
 * The verbs about more than one session, over one object and over several.
 */
import type { Clock } from "../../../clock.ts";
import type { SessionKey } from "../../../record.ts";
import { cursorAt, pageSize } from "../../parts/paging.ts";
import { toText } from "../../parts/text.ts";
import type { Admission, AdmitResult, Entry, Epoch, Page, PageRequest } from "../../store.ts";
import type { Objects } from "./client.ts";
import { endOfAll, endOfUser } from "./ends.ts";
import type { UserRecord } from "./verbs.ts";

/** The options of `deleteAll`, with every default filled in. */
export interface CheckedDeleteAll {
  readonly except: SessionKey | undefined;
  readonly limit: number;
  readonly at: number;
}

/** The verbs that are about more than one session. */
export interface ManyVerbs {
  epoch(userId: string): Promise<Epoch>;
  admit(key: SessionKey, record: UserRecord, admission: Admission): Promise<AdmitResult>;
  list(userId: string, page: PageRequest): Promise<Page<Entry>>;
  deleteAll(userId: string, options: CheckedDeleteAll): Promise<readonly SessionKey[] | null>;
  scan(page: PageRequest): Promise<Page<Entry>>;
  clear(limit: number, at: number): Promise<readonly SessionKey[]>;
  deleteExpired(limit: number): Promise<number>;
}

/** With one object each is a question, and a transaction. */
export function inOneObject(objects: Objects, clock: Clock): ManyVerbs {
  return {
    epoch: (userId) => objects.ask(0, clock(), "epoch", userId),
    admit: (key, record, admission) => objects.ask(0, clock(), "admit", key, record, admission),
    list: (userId, page) => objects.ask(0, clock(), "list", userId, page),
    deleteAll: (userId, options) => objects.ask(0, clock(), "deleteAll", userId, options),
    scan: (page) => objects.ask(0, clock(), "scan", page),
    clear: (limit, at) => objects.ask(0, clock(), "clear", limit, at),
    deleteExpired: (limit) => objects.ask(0, clock(), "deleteExpired", limit),
  };
}

/**
 * With several, a session is in the object of its key, and so is the index by user: there is no index beside the
 * records that could differ from them. What is about a user asks all objects.
 */
export function inManyObjects(objects: Objects, clock: Clock): ManyVerbs {
  const inAll = <T>(ask: (index: number) => Promise<T>): Promise<T[]> => Promise.all(objects.all.map(ask));
  return {
    epoch: (userId) => objects.ask(objects.of(userId), clock(), "epoch", userId),
    admit: async (key, record, admission) => {
      const { place } = objects;
      if (admission.limit !== undefined) {
        const question = { key, record, admission, place };
        return objects.ask(objects.of(record.userId), clock(), "admitWithin", question);
      }
      const entered = await objects.ask(
        objects.of(key),
        clock(),
        "enter",
        key,
        record,
        admission.epoch,
        admission.since ?? null,
      );
      return entered.status === "ok" ? { ...entered, evicted: [] } : entered;
    },
    list: async (userId, page) => {
      const now = clock();
      return mergePages(await inAll((index) => objects.ask(index, now, "list", userId, page)), pageSize(page.limit));
    },
    // With one to spare, it is the user's own object that does it, where such calls take turns.
    deleteAll: async (userId, { except, limit, at }) => {
      const now = clock();
      const own = objects.of(userId);
      if (except === undefined)
        return endOfUser({ ask: objects.asking(now), all: objects.all }, own, { userId, except: null, limit, at });
      return objects.ask(own, now, "endWithin", { userId, except, limit, at, place: objects.place });
    },
    scan: (page) => scanInTurn(objects, clock(), page),
    clear: (limit, at) => endOfAll({ ask: objects.asking(clock()), all: objects.all }, limit, at),
    deleteExpired: async (limit) => {
      let removed = 0;
      for (const index of objects.all) {
        if (removed < limit) removed += await objects.ask(index, clock(), "deleteExpired", limit - removed);
      }
      return removed;
    },
  };
}

/** Every object gave the first of its own after the same place: the first of all are among them. */
function mergePages(pages: readonly Page<Entry>[], limit: number): Page<Entry> {
  const entries = pages.flatMap((page) => page.items);
  entries.sort((a, b) => a.record.createdAt - b.record.createdAt || (toText(a.key) < toText(b.key) ? -1 : 1));
  const items = entries.slice(0, limit);
  const last = items.at(-1);
  const more = entries.length > limit || pages.some((page) => page.cursor !== undefined);
  return more && last ? { items, cursor: cursorAt(last.record.createdAt, toText(last.key)) } : { items };
}

/** One object after the other; the cursor is the number of an object and the place in it. */
async function scanInTurn(objects: Objects, now: number, page: PageRequest): Promise<Page<Entry>> {
  const limit = pageSize(page.limit);
  // What no page gave leads behind the last object.
  const given: unknown = page.cursor ?? "0:";
  if (typeof given !== "string") return { items: [] };
  const [, number = "0", place = ""] = /^(\d{1,3}):(.*)$/su.exec(given) ?? [undefined, "999"];
  const items: Entry[] = [];
  let cursor: string | undefined = place;
  for (let index = Number(number); index < objects.place.shards; index++) {
    const found = await objects.ask(index, now, "scan", { cursor, limit: limit - items.length });
    items.push(...found.items);
    if (found.cursor !== undefined) return { items, cursor: `${index}:${found.cursor}` };
    cursor = undefined;
    if (items.length === limit && index + 1 < objects.place.shards) return { items, cursor: `${index + 1}:` };
  }
  return { items };
}
