/** Orders of two requests in which a promise was once not kept, each named after what is right. */
import { expect, it } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { type InterleavingsOptions, runInterleavings } from "../../src/testing/index.ts";

type Found = Omit<InterleavingsOptions, "store">;

const store: InterleavingsOptions["store"] = (clock) => memoryStore({ clock });

const FOUND: Readonly<Record<string, Found>> = {
  "a login whose last look fails does not put its cookie over that of a newer login": {
    deeds: ["login", "login"],
    schedule:
      "A.start, A.get, A.replace, A.answer, B.start, B.get, B.get, B.get, B.replace, B.answer, B.get, A.get fails",
  },
  "a rotation whose last look fails does not put its cookie over that of a newer login": {
    deeds: ["login other", "rotate"],
    schedule:
      "A.start, B.start, B.get, B.replace, A.get, A.get, A.get, A.epoch, A.replace, A.answer, A.get, B.answer, B.get fails",
  },
  "a revocation that failed on the way is repeated by the same id, and ends what had replaced it": {
    deeds: ["rotate", "revoke"],
    twoSteps: true,
    schedule: "A.start, A.get, A.epoch, A.admit, A.end, A.get, B.start, B.get, B.get, B.end fails, A.update",
  },
  "a write to a new id whose answer was lost is kept by the next new id": {
    deeds: ["background write", "rotate often"],
    schedule: [
      "B.start, B.get, A.start, A.get, B.replace, A.update, A.get, B.replace answer lost",
      "A.update, A.get, A.update, B.get, B.replace",
    ].join(", "),
  },
};

it.each(Object.entries(FOUND))("%s", async (_, options) => {
  expect((await runInterleavings({ store, failures: 1, ...options })).violations).toEqual([]);
});
