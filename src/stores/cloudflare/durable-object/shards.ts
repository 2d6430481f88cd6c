import type { Clock } from "../../../clock.ts";
import type { SessionKey } from "../../../record.ts";
import { cursorAt, pageSize } from "../../parts/paging.ts";
import { toText } from "../../parts/text.ts";
import type { Admission, AdmitResult, Entry, Epoch, Page, PageRequest } from "../../store.ts";
import type { Objects } from "./client.ts";
import type { UserRecord } from "./verbs.ts";

/** The verbs that are about more than one session. */
export interface ManyVerbs {
  epoch(userId: string): Promise<Epoch>;
  admit(key: SessionKey, record: UserRecord, admission: Admission): Promise<AdmitResult>;
  list(userId: string, page: PageRequest): Promise<Page<Entry>>;
  deleteAll(userId: string, except: SessionKey | undefined, limit: number): Promise<readonly SessionKey[]>;
  scan(page: PageRequest): Promise<Page<Entry>>;
  clear(limit: number): Promise<readonly SessionKey[]>;
  deleteExpired(limit: number): Promise<number>;
}

/** With one object each is a question, and a transaction. */
export function inOneObject(objects: Objects, clock: Clock): ManyVerbs {
  return {
    epoch: (userId) => objects.ask(0, clock(), "epoch", userId),
    admit: (key, record, admission) => objects.ask(0, clock(), "admit", key, record, admission),
    list: (userId, page) => objects.ask(0, clock(), "list", userId, page),
    deleteAll: (userId, except, limit) => objects.ask(0, clock(), "deleteAll", userId, { except, limit }),
    scan: (page) => objects.ask(0, clock(), "scan", page),
    clear: (limit) => objects.ask(0, clock(), "clear", limit),
    deleteExpired: (limit) => objects.ask(0, clock(), "deleteExpired", limit),
  };
}

/**
 * With several, a session is in the object of its key, and so is the index by user: there is no index beside the records
 * that could differ from them. What is about a user asks all objects. A revocation first reaches all, so that
 * none takes a login from before, and then ends what is there.
 */
export function inManyObjects(objects: Objects, clock: Clock): ManyVerbs {
  const inAll = <T>(ask: (index: number) => Promise<T>): Promise<T[]> => Promise.all(objects.all.map(ask));
  /**
   * Ends no more than `limit` over all of them, of which each has so many. Where there is room, each may end some more: a
   * login of the new epoch may have come in, and who is the older of two is not for the clocks of two servers to say.
   */
  const endIn = async (
    counts: readonly number[],
    limit: number,
    end: (index: number, share: number) => Promise<readonly SessionKey[]>,
  ): Promise<readonly SessionKey[]> => {
    let left = limit;
    const room = Math.floor(Math.max(0, limit - counts.reduce((sum, count) => sum + count, 0)) / counts.length);
    const shares = counts.map((count) => {
      const share = Math.min(count + room, left);
      left -= share;
      return count > 0 ? share : 0;
    });
    const ended = await inAll(async (index) => ((shares[index] ?? 0) > 0 ? end(index, shares[index] ?? 0) : []));
    return ended.flat();
  };
  return {
    epoch: (userId) => objects.ask(objects.of(userId), clock(), "epoch", userId),
    admit: async (key, record, admission) => {
      const { place } = objects;
      if (admission.limit !== undefined) {
        const question = { key, record, admission, place };
        return objects.ask(objects.of(record.userId), clock(), "admitWithin", question);
      }
      const entered = await objects.ask(objects.of(key), clock(), "enter", key, record, admission.epoch);
      return entered.status === "ok" ? { ...entered, evicted: [] } : entered;
    },
    list: async (userId, page) => {
      const now = clock();
      return mergePages(await inAll((index) => objects.ask(index, now, "list", userId, page)), pageSize(page.limit));
    },
    deleteAll: async (userId, except = undefined, limit) => {
      const now = clock();
      const spared = except ?? null;
      const epoch = await objects.ask(objects.of(userId), now, "moveEpoch", userId);
      const counts = await inAll((index) => objects.ask(index, now, "markUser", userId, epoch, spared));
      return endIn(counts, limit, (index, share) => objects.ask(index, now, "endOfUser", userId, spared, share));
    },
    scan: (page) => scanInTurn(objects, clock(), page),
    clear: async (limit) => {
      const now = clock();
      const epoch = await objects.ask(0, now, "moveEverybody");
      const counts = await inAll((index) => objects.ask(index, now, "markEverybody", epoch));
      return endIn(counts, limit, (index, share) => objects.ask(index, now, "endOfAll", share));
    },
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
  const [, number = "0", place = ""] = /^(\d{1,3}):(.*)$/su.exec(page.cursor ?? "0:") ?? [undefined, "999"];
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
