import { describe, expect, test } from "vitest";
import { type CookieAttributes, setCookieWriter } from "../../../src/transport/set-cookie.ts";

const base: CookieAttributes = { path: "/", sameSite: "lax", secure: true, partitioned: false };
const refused = expect.objectContaining({ code: "SOJOURN_INVALID_COOKIE" });
const write = (
  over: Partial<Record<keyof CookieAttributes, unknown>> = {},
  name = "__Secure-s",
  value = "v",
  maxAge?: number,
): string => setCookieWriter({ ...base, ...over } as CookieAttributes)(name, value, maxAge);

describe("setCookieWriter()", () => {
  test("writes the attributes, HttpOnly always", () => {
    expect(write()).toBe("__Secure-s=v; Path=/; Secure; HttpOnly; SameSite=Lax");
    expect(write({ domain: "example.com", path: "/app", sameSite: "strict" }, "__Secure-s", "v", 60)).toBe(
      "__Secure-s=v; Max-Age=60; Domain=example.com; Path=/app; Secure; HttpOnly; SameSite=Strict",
    );
    expect(write({ sameSite: "none", partitioned: true }, "__Host-s", "v", 0)).toBe(
      "__Host-s=v; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
    );
    expect(write({ secure: false }, "s")).toBe("s=v; Path=/; HttpOnly; SameSite=Lax");
  });

  const bad = [";", ",", " ", "\t", "\r", "\n", "\0", "\x7f", "\x1f", "\u00a0", "é", "\u{1F600}", "\ud800", "\u0100"];
  test.each(bad)("refuses %j in every field", (character) => {
    const text = `a${character}b`;
    expect(() => write({}, text)).toThrowError(refused);
    expect(() => write({}, "__Secure-s", text)).toThrowError(refused);
    expect(() => write({ domain: `${text}.com` })).toThrowError(refused);
    expect(() => write({ path: `/${text}` })).toThrowError(refused);
    expect(() => write({ sameSite: text })).toThrowError(refused);
  });

  test.each(["=", '"', "(", ")", "<", ">", "@", ":", "\\", "/", "[", "]", "?", "{", "}"])(
    "refuses %j in a name",
    (c) => {
      expect(() => write({}, `a${c}b`)).toThrowError(refused);
    },
  );
  test.each(['"', "\\"])("refuses %j in a value", (c) => {
    expect(() => write({}, "__Secure-s", c)).toThrowError(refused);
  });
  test("takes every other visible character in a value", () => {
    const value = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
      .join("")
      .replace(/[",;\\]/g, "");
    expect(write({}, "__Secure-s", value)).toContain(`=${value};`);
  });

  test.each([
    "",
    ".example.com",
    "example",
    "localhost",
    "a..b",
    "-a.com",
    "a-.com",
    "a.-com",
    "a.com-",
    "1.2.3.4",
    "a.com.",
    "[::1]",
    "a.com:80",
    `${"a".repeat(64)}.com`,
    `${"a.".repeat(127)}com`,
  ])("refuses the domain %j", (domain) => {
    expect(() => write({ domain })).toThrowError(refused);
  });
  test.each(["example.com", "a.b.example.co", "xn--bcher-kva.example", "EXAMPLE.com", "1.2.3.a"])(
    "takes the domain %s",
    (domain) => {
      expect(write({ domain })).toContain(`; Domain=${domain};`);
    },
  );

  test.each(["", "app", "//".repeat(600)])("refuses the path %j", (path) => {
    expect(() => write({ path })).toThrowError(refused);
  });

  test.each<[string, Partial<CookieAttributes>]>([
    ["__Host-s", { secure: false }],
    ["__Host-s", { domain: "example.com" }],
    ["__Host-s", { path: "/a" }],
    ["__host-s", { path: "/a" }],
    ["__HOST-s", { domain: "example.com" }],
    ["__Host-Http-s", { domain: "example.com" }],
    ["__Secure-s", { secure: false }],
    ["__secure-s", { secure: false }],
    ["__Http-s", { secure: false }],
    ["s", { secure: false, sameSite: "none" }],
    ["s", { secure: false, partitioned: true }],
  ])("refuses what browsers refuse: %s with %o", (name, over) => {
    expect(() => write(over, name)).toThrowError(refused);
  });

  test.each([-1, 0.5, Number.NaN, Infinity, 34_560_001, "60" as unknown as number])("refuses Max-Age %s", (maxAge) => {
    expect(() => write({}, "__Secure-s", "v", maxAge)).toThrowError(refused);
  });
  test("takes 400 days", () => {
    expect(write({}, "__Secure-s", "v", 34_560_000)).toContain("Max-Age=34560000");
  });

  test("takes 4,096 bytes of name and value, and not one more", () => {
    expect(write({}, "__Secure-s", "x".repeat(4086))).toContain("=xxx");
    expect(() => write({}, "__Secure-s", "x".repeat(4087))).toThrowError(
      expect.objectContaining({
        code: "SOJOURN_COOKIE_TOO_LARGE",
        message: expect.stringMatching(/at most 4086 bytes, found 4087.*"cookie\.chunks".*store/),
      }),
    );
  });

  test("never repeats the value in a message", () => {
    expect(() => write({}, "__Secure-s", "secret value")).not.toThrow(/secret/);
    expect(() => write({}, "__Secure-s", "secret value")).toThrow();
  });
});
