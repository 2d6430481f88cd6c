/**
 * Cases about user ids as text: look-alikes, long ones and injections are told apart, and what is nobody's id finds
 * nothing.
 */
import type { UserStore } from "../../stores/store.ts";
import { equal, show } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { keysOf } from "./users.ts";

/** Pairs that a careless backend would take for one user, or for something other than a value. */
const USERS: readonly string[] = [
  ..."ann|Ann|ann |änn|a\u0308nn|0|1|__proto__|constructor|hasOwnProperty|*|a%|a_|a:b|a|b/..|../ann".split("|"),
  ..."{ann}|'; DROP TABLE sessions; --|\u{1f36a}|a\nb|$ne|null|undefined".split("|"),
  "u".repeat(200),
  // What is left of each pair where a character is kept as one byte, or as a question mark.
  ..."A|\u0141|<j|\u{1f36a}\u0141|?|??".split("|"),
  // Cut off at 64, at 191 (four bytes a character in 767 of an index) or at 255, both of a pair are one.
  ...[64, 191, 255].flatMap((length) => ["a", "b"].map((last) => "p".repeat(length) + last)),
];

/** No session is of any of these. */
const NOBODY: readonly string[] = ["", "\u0000", "a\u0000b", "\ud83d", "..", "/", "%", "n".repeat(5000)];

const cases: readonly Case<UserStore>[] = [
  {
    name: "user ids of every kind are told apart",
    run: async (t) => {
      const users = [...new Set(USERS)];
      const keys = new Map<string, string>();
      for (const userId of users) keys.set(userId, await put(t, t.store, { userId }));
      for (const userId of users) equal(await keysOf(t.store, userId), [keys.get(userId)], `sessions of ${userId}`);
      for (const userId of users) {
        equal(await t.store.deleteAll(userId), [keys.get(userId)], `deleteAll() of ${userId}`);
      }
    },
  },
  {
    name: "epochs of user ids of every kind are told apart",
    run: async (t) => {
      const users = [...new Set(USERS)];
      const before = [];
      for (const userId of users) before.push(await t.store.epoch(userId));
      for (let index = 0; index < users.length; index += 2) await t.store.deleteAll(users[index] as string);
      for (const [index, userId] of users.entries()) {
        const moved = (await t.store.epoch(userId)) !== before[index];
        equal(moved, index % 2 === 0, `whether the epoch of ${show(userId)} moved`);
      }
    },
  },
  {
    name: "any string can be asked for as a user id, and finds nothing",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      for (const userId of NOBODY) {
        equal(typeof (await t.store.epoch(userId)), "string", `type of the epoch of ${show(userId)}`);
        equal((await t.store.list(userId)).items, [], `list() of ${show(userId)}`);
        equal(await t.store.deleteAll(userId), [], `deleteAll() of ${show(userId)}`);
      }
      equal(await keysOf(t.store, "ann"), [key], "list()");
    },
  },
];

export const userIds: Group<UserStore> = { name: "user ids", cases };
