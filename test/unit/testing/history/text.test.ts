import { expect, it } from "vitest";
import { checkHistory } from "../../../../src/testing/history/check.ts";
import { historyRecorder } from "../../../../src/testing/history/recorder.ts";
import { describeVerdict, parseHistory } from "../../../../src/testing/history/text.ts";

const stamp = '"id":"c:1","client":"c","time":1';

it.each([
  ["{", "line 1: expected JSON, and a whole line of it"],
  ["7", "line 1: expected an object"],
  ['{"type":"ok"}', 'line 1: expected a text as "id"'],
  ['{"type":"ok","id":"1","client":"c","time":"now"}', 'line 1: expected a number as "time"'],
  [`\n{"type":"done",${stamp}}`, 'line 2: no event has the type "done"'],
  [`{"type":"invoke","op":"toString",${stamp}}`, 'line 1: no call is named "toString"'],
  [`{"type":"invoke","op":"read",${stamp}}`, 'line 1: "read" needs "key"'],
  [`{"type":"invoke","op":"write","key":"s","value":null,${stamp}}`, 'line 1: "write" needs "value"'],
])("parseHistory() of %s says what is wrong, and where", (text, message) => {
  expect(() => parseHistory(text)).toThrow(message);
});

it("describeVerdict() shows the calls that contradict each other, with their times", () => {
  let now = 1000;
  const recorder = historyRecorder({ now: () => now++ });
  const [ann, bob] = [recorder.client("ann"), recorder.client("bob's phone")];
  ann.invoke({ op: "create", key: "s", value: "a" }).ok({ value: true });
  bob.invoke({ op: "valid", key: "s" }).ok({ value: true });
  ann.invoke({ op: "delete", key: "s" }).ok({ value: true });
  bob.invoke({ op: "read", key: "s" }).ok({ value: "a" });
  expect(describeVerdict(checkHistory(recorder.events))).toBe(
    [
      "illegal: 1 sessions, 4 operations (0 of them without an answer), 3 steps",
      'session "s": no order of these calls explains their answers',
      "  ann          delete  → true  4.000 … 5.000 ms",
      '  bob\'s phone  read    → "a"   6.000 … 7.000 ms',
      "  (2 other calls on it until then fit, wherever they are put)",
    ].join("\n"),
  );
});

it("describeVerdict() says which sessions were not decided, and not all of thousands", () => {
  const undecided = Array.from({ length: 12 }, (_, index) => `s${index}`);
  const counts = { sessions: 12, operations: 0, lost: 0, steps: 0 };
  const text = describeVerdict({ verdict: "undecided", ...counts, contradictions: [], undecided });
  expect(text).toContain('not decided, for they took too many steps: "s0", "s1"');
  expect(text).toContain('"s9" and more');
});

it("describeVerdict() shows ten contradictions, and counts the others", () => {
  const recorder = historyRecorder();
  const client = recorder.client("c");
  for (let index = 0; index < 25; index++) client.invoke({ op: "read", key: `s${index}` }).ok({ value: "nobody's" });
  const text = describeVerdict(checkHistory(recorder.events));
  expect(text.match(/^session/gm)).toHaveLength(10);
  expect(text).toMatch(/^and 15 more such sessions$/m);
});
