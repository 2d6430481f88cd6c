import { describe, expect, it } from "vitest";
import { committed } from "../../../src/session/guards.ts";
import { lateData } from "../../../src/session/late-data.ts";

const late = <Data extends object>(data: Data): Data => lateData(data, committed) as Data;

describe("data after the answer has begun", () => {
  it("reads as it was, whatever is in it", () => {
    const data = {
      list: [{ n: 1 }],
      map: new Map([["a", 1]]),
      set: new Set([1]),
      at: new Date(5),
      none: null,
      text: "t",
    };
    expect(late(data)).toEqual(data);
    expect(JSON.stringify(late(data))).toBe(JSON.stringify(data));
    expect(Object.keys(late(data))).toEqual(Object.keys(data));
    expect([...late(data).list]).toEqual([{ n: 1 }]);
    expect(Array.isArray(late(data).list)).toBe(true);
    expect(late(data).map.get("a")).toBe(1);
    expect(Object.getPrototypeOf(late(Object.create(null) as object))).toBeNull();
  });

  it.each<[string, (data: ReturnType<typeof full>) => unknown]>([
    ["a value deep in it", (data) => Object.assign(data.list[0] as object, { n: 2 })],
    ["a key that goes", (data) => Reflect.deleteProperty(data.list[0] as object, "n") && undefined],
    ["a list that grows", (data) => data.list.push({ n: 2 })],
    ["a list that shrinks", (data) => data.list.pop()],
    ["a list that is sorted", (data) => data.list.sort()],
    ["a list that is emptied", (data) => Object.assign(data.list, { length: 0 })],
    ["a Map", (data) => data.map.set("a", 2)],
    ["a Map that is emptied", (data) => data.map.clear()],
    ["a Set", (data) => data.set.add(2)],
    ["a Date", (data) => data.at.setFullYear(1999)],
    ["a prototype", (data) => Object.setPrototypeOf(data, {})],
  ])("refuses %s", (_what, change) => {
    expect(() => change(late(full()))).toThrow(expect.objectContaining({ code: "SOJOURN_COMMITTED" }));
  });

  it("leaves what is nested deeper than any stack as it is", () => {
    let deep: object = { end: true };
    for (let depth = 0; depth < 20_000; depth++) deep = { deep };
    expect(Object.keys(late(deep))).toEqual(["deep"]);
  });
});

function full() {
  return { list: [{ n: 1 }, { n: 0 }], map: new Map([["a", 1]]), set: new Set([1]), at: new Date(5) };
}
