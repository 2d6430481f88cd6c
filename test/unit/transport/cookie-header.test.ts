import { describe, expect, test } from "vitest";
import { readCookie } from "../../../src/transport/cookie-header.ts";
import { cpuTime } from "../../support/cpu-time.ts";

describe("readCookie()", () => {
  test.each<[string, string, string[]]>([
    ["the only cookie", "sid=x", ["x"]],
    ["one of many", "a=1; sid=x; b=2", ["x"]],
    ["all of a name, in order", "sid=EVIL; a=1; sid=real; sid=last", ["EVIL", "real", "last"]],
    ["an empty value", "sid=; a=1", [""]],
    ["a value with equals signs", "sid=a=b==", ["a=b=="]],
    ["pairs without blanks", "a=1;sid=x;b=2", ["x"]],
    ["blanks and tabs around a pair", "a=1;\t  sid=x \t; b=2", ["x"]],
    ["a value between blanks, as it is", "sid= x y ", [" x y"]],
    ["quotes, as they are", 'sid="x"', ['"x"']],
    ["quotes around a semicolon, cut there", 'a="; sid=x"', ['x"']],
    ["percent signs, as they are", "sid=%E0%A4%ZZ", ["%E0%A4%ZZ"]],
    ["commas, as they are", "sid=a,b; $Version=1, sid=c", ["a,b"]],
    ["no name that ends the same", "xsid=1; __Host-sid=2; a.sid=3", []],
    ["no name that begins the same", "sid2=1; sid.1=2", []],
    ["no other case", "SID=1; Sid=2", []],
    ["no name with a blank behind", "sid =x", []],
    ["no pair without a name", "=sid=x; =x", []],
    ["no pair without an equals sign", "sid; sid", []],
    ["nothing inside another value", "a=sid=x; b=1 sid=y", []],
    ["no name behind a no-break space", "\u00a0sid=x; \u2003sid=y; \u00a0sid=z", []],
    ["no name behind other controls", "a=1;\nsid=x;\u000bsid=y;\u0000sid=z", []],
    ["nothing in an empty header", "", []],
    ["nothing in semicolons", ";;; ;", []],
    ["names like those of objects", "__proto__=x; constructor=y; sid=z", ["z"]],
  ])("reads %s", (_name, header, values) => {
    expect(readCookie(header, "sid")).toEqual(values);
  });

  test("has nothing for an empty name", () => {
    expect(readCookie("=x; sid=y", "")).toEqual([]);
  });

  test("reads names that objects have", () => {
    expect(readCookie("__proto__=x; toString=y", "__proto__")).toEqual(["x"]);
    expect(readCookie("__proto__=x; toString=y", "toString")).toEqual(["y"]);
  });

  test("stops after 16 values", () => {
    expect(readCookie("sid=x; ".repeat(100), "sid")).toHaveLength(16);
  });

  test("ignores what is beyond 64 KiB, and never gives half a value", () => {
    const filler = `a=${"x".repeat(65_536 - 5)}`;
    expect(readCookie(`${filler}; sid=y`, "sid")).toEqual([]);
    expect(readCookie(`sid=a; ${filler}; sid=y`, "sid")).toEqual(["a"]);
    expect(readCookie(`sid=${"x".repeat(70_000)}`, "sid")).toEqual([]);
    expect(readCookie(`sid=${"x".repeat(65_532)}`, "sid")).toEqual(["x".repeat(65_532)]);
  });

  test.each(["sid=", "sid", ";", " ", "; sid=", "=sid=", "\t sid=x;", "sid=x; ", "xsid=y;"])(
    "a mebibyte of %j costs no more than its length",
    (part) => {
      const header = part.repeat(Math.floor(1_048_576 / part.length));
      const started = cpuTime();
      readCookie(header, "sid");
      expect(cpuTime() - started).toBeLessThan(15_000);
    },
  );
});
