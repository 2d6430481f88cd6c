import { describe, expect, test } from "vitest";
import { headerTransport } from "../../../src/transport/header.ts";
import type { RequestSource } from "../../../src/transport/transport.ts";
import { cpuTime } from "../../support/cpu-time.ts";

const request = (name: string, value?: string): RequestSource => ({
  method: "GET",
  url: "/",
  header: (asked) => (asked === name ? value : undefined),
});

describe("headerTransport()", () => {
  const transport = headerTransport();

  test.each([
    ["Bearer abc-._~+/12==", ["abc-._~+/12=="]],
    ["bearer abc", ["abc"]],
    ["BEARER   abc  ", ["abc"]],
    ["Basic abc", []],
    ["Bearer", []],
    ["Bearer ", []],
    ["Bearerabc", []],
    ["Bearer a b", []],
    ["Bearer a, Bearer b", []],
    ["Bearer a,b", []],
    ['Bearer "a"', []],
    ["Bearer =", []],
    ["Bearer a=b", []],
    ["Bearer é", []],
    ["\u00a0Bearer a", []],
    [`Bearer ${"a".repeat(8001)}`, []],
    ["", []],
    [undefined, []],
  ])("reads %j as %j", (header, values) => {
    expect(transport.read(request("authorization", header))).toEqual(values);
  });

  test("hands a new value back in a response header, and takes it away with an empty one", () => {
    expect(transport).toMatchObject({ name: "header", ambient: false });
    const source = request("authorization");
    expect(transport.write("abc", { maxAge: 1 }, source)).toEqual([{ op: "set", name: "session-token", value: "abc" }]);
    expect(transport.clear(source)).toEqual([{ op: "set", name: "session-token", value: "" }]);
  });

  test("reads a header of another name as it is", () => {
    const custom = headerTransport({ name: "X-Session" });
    expect(custom.read(request("x-session", " \tabc "))).toEqual(["abc"]);
    expect(custom.read(request("x-session", "Bearer abc"))).toEqual([]);
    expect(custom.read(request("authorization", "Bearer abc"))).toEqual([]);
    expect(custom.clear(request(""))).toEqual([{ op: "set", name: "x-session", value: "" }]);
    expect(headerTransport({ name: "x-a", responseName: "X-B" }).clear(request(""))[0]?.name).toBe("x-b");
  });

  test.each(["", "a b", "a\r\nb", "a,b", "é"])("refuses to write %j", (value) => {
    expect(() => transport.write(value, { maxAge: 1 }, request(""))).toThrowError(
      expect.objectContaining({ code: "SOJOURN_INVALID_COOKIE" }),
    );
  });

  test("refuses a value that proxies refuse", () => {
    expect(() => transport.check?.("a".repeat(8000))).not.toThrow();
    expect(() => transport.check?.("a".repeat(8001))).toThrowError(
      expect.objectContaining({ code: "SOJOURN_COOKIE_TOO_LARGE", message: expect.stringContaining("Session header") }),
    );
  });

  test.each(["cookie", "Set-Cookie", "host", "origin", "sec-fetch-site", "a b", "", "x:y", 7 as unknown as string])(
    "refuses the name %j",
    (name) => {
      expect(() => headerTransport({ name })).toThrowError(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
      expect(() => headerTransport({ responseName: name })).toThrow("expected the name of a header");
    },
  );

  test("hostile headers cost no more than their length", () => {
    const started = cpuTime();
    for (const part of [" ", "a", "a ", "Bearer ", "\t"])
      for (const edge of ["", "a", "\u0000"])
        transport.read(request("authorization", (edge + part.repeat(8000)).slice(0, 8050) + edge));
    expect(cpuTime() - started).toBeLessThan(15_000);
  });
});
