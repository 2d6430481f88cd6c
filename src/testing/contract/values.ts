/**
 * Cases about what a store keeps as it was given, extreme and hostile values among it: payloads, keys and instants.
 */
import type { Store } from "../../stores/store.ts";
import { equal, ok, show } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { wait } from "./trial.ts";

/** Text that every store keeps character for character. */
const PAYLOADS: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["one blank", " "],
  ["64 KiB of ASCII", "0123456789abcdef".repeat(4096)],
  ["96 KiB of ASCII", "0123456789abcdef".repeat(6144)],
  ["96 KiB outside of ASCII", "ü\u{1f36a}".repeat(16_384)],
  ["60 KiB outside of ASCII", "ü\u{1f36a}".repeat(10_240)],
  ["astral characters and combining marks", "\u{1f36a}\u{10ffff} e\u0301 \u00e9 \u200d \ufeff"],
  ["newlines of every kind", "a\nb\r\nc\rd\u2028e\u2029f\n"],
  ["quotes, backslashes and percent signs", `'"\`\\'';--%s%00$1{}?:x`],
  ["control characters but NUL", String.fromCharCode(...Array.from({ length: 31 }, (_, index) => index + 1), 127)],
  ["blanks at both ends", "  \t padded \t  "],
  ["what looks like a number or null", "00.10e5"],
  ["JSON as it was written", '{ "b":1.0,"a" : 1e2,\t"b":"\\u00e9\\/",\n"10":1,"9":12345678901234567890 }'],
  ["hostile JSON", '{"__proto__":{"admin":true},"constructor":{"prototype":{}}}'],
];

const payloads: readonly Case<Store>[] = PAYLOADS.map(([what, payload]) => ({
  name: `a payload is kept character for character: ${what}`,
  run: async (t) => {
    const key = await put(t, t.store, { payload });
    equal((await t.store.get(key))?.payload, payload, "payload after create()");
    const other = await put(t, t.store, { payload: "before" });
    const version = (await t.store.get(other))?.version;
    ok(version !== undefined, "the record is there");
    equal((await t.store.update(other, t.record({ payload }), version)).status, "ok", "update()");
    equal((await t.store.get(other))?.payload, payload, "payload after update()");
  },
}));

/**
 * Our codecs never make these two (JSON escapes both), and some backends have no way to hold them. NUL
 * must be kept or refused with an error; half of a surrogate pair may turn into U+FFFD as well. Neither
 * may cut the payload short or harm a neighbour.
 */
const limits: readonly Case<Store>[] = [
  {
    name: "NUL in a payload is kept or refused, never dropped",
    run: async (t) => {
      const [key, neighbour] = [t.key(), await put(t, t.store, { payload: "whole" })];
      const payload = "before\u0000after";
      const refused = await t.store.create(key, t.record({ payload })).then(
        () => false,
        () => true,
      );
      equal((await t.store.get(key))?.payload, refused ? undefined : payload, "payload");
      equal((await t.store.get(neighbour))?.payload, "whole", "payload of a neighbour");
    },
  },
  {
    name: "half of a surrogate pair in a payload is kept, replaced or refused, and loses nothing else",
    run: async (t) => {
      const [key, neighbour] = [t.key(), await put(t, t.store, { payload: "whole" })];
      const payload = "before\ud83dafter";
      const refused = await t.store.create(key, t.record({ payload })).then(
        () => false,
        () => true,
      );
      const found = (await t.store.get(key))?.payload;
      if (refused) equal(found, undefined, "payload of a refused record");
      else
        ok(found?.startsWith("before") === true && found.endsWith("after"), `payload is whole, found ${show(found)}`);
      equal((await t.store.get(neighbour))?.payload, "whole", "payload of a neighbour");
    },
  },
];

/** What must never reach a file system, a query or a protocol as anything but a value. */
const HOSTILE: readonly string[] = [
  "",
  ".",
  "..",
  "../../../../tmp/x",
  "..\\..\\x",
  "/etc/passwd",
  "a/b",
  "CON",
  "-rf",
  "a\u0000b",
  "a\r\nDEL b",
  "' OR '1'='1",
  '"; DROP TABLE sessions; --',
  "a b",
  "*",
  "a%",
  "_",
  "{a}:b",
  "$ne",
  "__proto__",
  "constructor",
  "ü\u{1f36a}",
  "\ud83d",
  "a\udf6ab",
  "k".repeat(251),
  "k".repeat(5000),
];

const keys: readonly Case<Store>[] = [
  {
    name: "keys of 43 characters of base64url are told apart to the last character and its case",
    run: async (t) => {
      const stem = "-_09azAZ".repeat(6).slice(0, 42);
      const all = ["a", "A", "b", "-", "_", "0"].map((last) => `${stem}${last}`);
      const odd = [stem.toUpperCase(), stem.toLowerCase(), stem].map((text) => `-${text}`);
      for (const key of [...all, ...odd]) await put(t, t.store, { payload: key }, key);
      for (const key of [...all, ...odd]) equal((await t.store.get(key))?.payload, key, "payload");
    },
  },
  ...HOSTILE.map(
    (key): Case<Store> => ({
      name: `a hostile key is a value like any other, or absent: ${show(key).slice(0, 40)}`,
      run: async (t) => {
        const neighbour = await put(t, t.store, { payload: "safe" });
        equal(await t.store.get(key), null, "get()");
        equal(await t.store.touch(key, t.now(), t.now() + 1000), false, "touch()");
        equal(await t.store.delete(key), false, "delete()");
        const version = await t.store.create(key, t.record({ payload: "hostile" }));
        equal((await t.store.get(key))?.payload, version === null ? undefined : "hostile", "payload");
        if (version !== null) equal((await t.store.update(key, t.record(), version)).status, "ok", "update()");
        equal(await t.store.delete(key), version !== null, "delete()");
        equal((await t.store.get(neighbour))?.payload, "safe", "payload of a neighbour");
      },
    }),
  ),
];

const DAY = 86_400_000;

const instants: readonly Case<Store>[] = [
  {
    name: "instants are kept exactly, from the epoch to the year 9999",
    run: async (t) => {
      const far = 253_402_300_799_999;
      const key = await put(t, t.store, { createdAt: 0, seenAt: 0, expiresAt: far });
      const found = await t.store.get(key);
      equal([found?.createdAt, found?.seenAt, found?.expiresAt], [0, 0, far], "instants");
      equal(await t.store.touch(key, t.now(), far + 1), true, "touch()");
      equal((await t.store.get(key))?.expiresAt, far + 1, "expiresAt");
    },
  },
  {
    // A timer of more than 24.8 days fires at once.
    name: "a record of 400 days is still there a moment later",
    run: async (t) => {
      const key = await put(t, t.store, { expiresAt: t.now() + 400 * DAY });
      await wait(30);
      ok((await t.store.get(key)) !== null, "get() 30 ms later");
      await t.store.touch(key, t.now(), t.now() + 399 * DAY);
      await wait(10);
      equal((await t.store.get(key))?.expiresAt, t.now() + 400 * DAY, "expiresAt");
    },
    needs: ["injected-clock"],
  },
  {
    // The contract is whole milliseconds; a clock that is not whole must not lose a session for that.
    name: "fractions of a millisecond are kept, cut off or refused",
    run: async (t) => {
      const key = t.key();
      const record = t.record({ seenAt: t.now() + 0.25, expiresAt: t.now() + 60_000.75 });
      const refused = await t.store.create(key, record).then(
        () => false,
        () => true,
      );
      const found = await t.store.get(key);
      if (refused) return equal(found, null, "get() of a refused record");
      ok(found !== null && Math.abs(found.seenAt - record.seenAt) < 1, "seenAt is the same millisecond");
      ok(Math.abs(found.expiresAt - record.expiresAt) < 1, "expiresAt is the same millisecond");
    },
  },
];

export const values: Group<Store> = { name: "values", cases: [...payloads, ...limits, ...keys, ...instants] };
