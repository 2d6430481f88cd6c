/**
 * Cases about the listing of a user's sessions, and what other groups take for pages, cursors and admissions.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";
import type { Admission, AdmitResult, Entry, Page, PageRequest, ScanStore, UserStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import type { Trial } from "./trial.ts";

/** Every page of a listing, read with so many items a page; fails when it does not come to an end. */
export async function pages(read: (page: PageRequest) => Promise<Page<Entry>>, limit: number): Promise<Entry[]> {
  const all: Entry[] = [];
  let cursor: string | undefined;
  for (let turn = 0; turn < 1000; turn++) {
    const page: Page<Entry> = await read(cursor === undefined ? { limit } : { limit, cursor });
    ok(page.items.length <= limit, "a page holds no more than was asked for");
    all.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) return all;
  }
  ok(false, "a listing comes to an end");
}

/** Cursors travel through addresses, so anybody can write one. */
export const MADE_UP_CURSORS: readonly string[] = [
  "",
  "\ud83d",
  '[9e15,"a"]',
  '[1e999,""]',
  '["1","a"]',
  '[1,"\\u0000"]',
  '[1,"\\ud83d"]',
  ...'|0|-1|1e999|NaN|x|{}|[]|null|../..|\' OR 1=1 --|\u0000|ü\u{1f36a}|99999999999999999999|{"a":1}'.split("|"),
  "A".repeat(5000),
];

/** `?cursor[a]=1` is an object to most parsers, and `?cursor=1&cursor=2` an array. */
const NO_STRINGS: readonly unknown[] = [{ a: "1" }, ["1", "2"], [1, "a"], 5, true, Object.create(null)];

/** Fails unless a cursor that is no string gives an empty page, or is refused as the client's mistake. */
export async function refusesNoStrings(read: (page: PageRequest) => Promise<Page<Entry>>): Promise<void> {
  for (const cursor of NO_STRINGS) {
    const answer = await read({ cursor } as PageRequest).catch((error: { status?: unknown; code?: unknown }) => {
      ok(error.status === 400 && typeof error.code === "string", "an error has a code and the status 400");
      return { items: [] };
    });
    equal(answer.items, [], "items of a page after what is no string");
  }
}

/** The keys of a user's live sessions, in the order of the listing. */
export async function keysOf(store: UserStore, userId: string): Promise<SessionKey[]> {
  return (await pages((page) => store.list(userId, page), 100)).map((entry) => entry.key);
}

/** Admits a session with the present epoch. */
export async function admit(
  t: Trial,
  store: UserStore,
  userId: string,
  key: SessionKey,
  options: Partial<Admission> & { record?: Partial<SessionRecord> } = {},
): Promise<AdmitResult> {
  const { record, ...admission } = options;
  const epoch = await store.epoch(userId);
  return store.admit(key, { ...t.record(record), userId }, { epoch, ...admission });
}

const listing: readonly Case<UserStore>[] = [
  {
    name: "list() of an unknown user is empty",
    run: async (t) => equal(await t.store.list("nobody"), { items: [] }, "list()"),
  },
  {
    name: "list() gives what create() and admit() made, as get() gives it",
    run: async (t) => {
      const created = await put(t, t.store, { userId: "ann", createdAt: t.now() - 2 });
      const admitted = t.key();
      equal((await admit(t, t.store, "ann", admitted)).status, "ok", "admit()");
      const expected = [];
      for (const key of [created, admitted]) expected.push({ key, record: await t.store.get(key) });
      equal((await t.store.list("ann")).items, expected, "list()");
    },
  },
  {
    name: "list() leaves out other users, anonymous sessions, ended and expired ones",
    run: async (t) => {
      const mine = await put(t, t.store, { userId: "ann" });
      await put(t, t.store, { userId: "bob" });
      await put(t, t.store);
      await t.store.delete(await put(t, t.store, { userId: "ann" }));
      await put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short });
      await t.pass(t.short);
      equal(await keysOf(t.store, "ann"), [mine], "list()");
    },
  },
  {
    name: "list() is in order of createdAt, ties in order of the key's bytes",
    run: async (t) => {
      const made: { key: string; createdAt: number }[] = [];
      for (const age of [3, 1, 2, 1, 3, 1, 2]) {
        const createdAt = t.now() - age * 1000;
        made.push({ createdAt, key: await put(t, t.store, { userId: "ann", createdAt }) });
      }
      for (const first of ["-", "_", "a", "Z", "0"]) {
        const key = `${first}${t.key().slice(1)}`;
        made.push({ createdAt: 5, key: await put(t, t.store, { userId: "ann", createdAt: 5 }, key) });
      }
      made.sort((a, b) => a.createdAt - b.createdAt || (a.key < b.key ? -1 : 1));
      const expected = made.map(({ key }) => key);
      equal(await keysOf(t.store, "ann"), expected, "list()");
      const paged = await pages((page) => t.store.list("ann", page), 2);
      equal(
        paged.map(({ key }) => key),
        expected,
        "list() in pages of two",
      );
    },
  },
  {
    name: "list() gives 100 items unless it is asked for another number",
    run: async (t) => {
      for (let count = 0; count < 101; count++) await put(t, t.store, { userId: "ann", createdAt: count });
      const first = await t.store.list("ann");
      equal(first.items.length, 100, "items on the first page");
      ok(first.cursor !== undefined, "there is a second page");
      equal((await t.store.list("ann", { cursor: first.cursor })).items.length, 1, "items on the second page");
      const whole = await t.store.list("ann", { limit: 1000 });
      equal([whole.items.length, whole.cursor], [101, undefined], "one page of up to 1,000");
    },
  },
  {
    name: "a made-up cursor gives a page or nothing, never an error or another user's session",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      await put(t, t.store, { userId: "bob" });
      for (const cursor of MADE_UP_CURSORS) {
        const { items } = await t.store.list("ann", { cursor });
        ok(
          items.every((entry) => entry.key === key),
          "what is given is the user's",
        );
      }
    },
  },
  {
    name: "a cursor that is no string gives an empty page, or an error with a code and the status 400",
    run: async (t) => {
      await put(t, t.store, { userId: "ann" });
      await refusesNoStrings((page) => t.store.list("ann", page));
    },
  },
  {
    name: "paging gives whoever stays exactly once, while others come and go",
    run: async (t) => {
      const stay: string[] = [];
      const go: string[] = [];
      for (let count = 0; count < 30; count++) {
        const key = await put(t, t.store, { userId: "ann", createdAt: 1000 + count });
        (count % 3 === 1 ? go : stay).push(key);
      }
      let turn = 0;
      const seen = await pages(async (page) => {
        turn += 1;
        const leaving = go.pop();
        if (leaving !== undefined) await t.store.delete(leaving);
        await put(t, t.store, { userId: "ann", createdAt: turn % 2 ? 1 : 900_000 });
        return t.store.list("ann", page);
      }, 4);
      const keys = seen.map(({ key }) => key);
      equal(new Set(keys).size, keys.length, "no session twice");
      equal(
        stay.filter((key) => !keys.includes(key)),
        [],
        "sessions that were left out",
      );
    },
  },
  {
    name: "update() that changes the user moves the session from one listing to the other",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      for (const userId of ["bob", undefined, "ann"]) {
        const version = (await t.store.get(key))?.version ?? "";
        equal((await t.store.update(key, t.record({ userId }), version)).status, "ok", "update()");
        equal(await keysOf(t.store, "ann"), userId === "ann" ? [key] : [], "sessions of ann");
        equal(await keysOf(t.store, "bob"), userId === "bob" ? [key] : [], "sessions of bob");
      }
    },
  },
  {
    name: "a session that lives on by touch() stays listed",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short });
      await t.store.touch(key, t.now(), t.now() + 10 * t.short);
      await t.pass(t.short);
      equal(await keysOf(t.store, "ann"), [key], "list()");
      equal(await t.store.deleteAll("ann"), [key], "deleteAll()");
    },
  },
];

export const users: Group<UserStore> = { name: "users", cases: listing };

/** Both, for cases about `clear` and epochs. */
export type UserScanStore = UserStore & ScanStore;
