import { describe, expect, test } from "vitest";
import { type CsrfOptions, resolveCsrf } from "../../../src/csrf/policy.ts";

const refused = (option: string) =>
  expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", message: expect.stringContaining(`"${option}"`) });

describe("resolveCsrf()", () => {
  test("has defaults", () => {
    expect(resolveCsrf()).toMatchObject({ tokens: "when-unsure", tokenHeader: "x-csrf-token", tokenField: "csrf" });
  });

  test.each([
    "https://app.example",
    "http://localhost:3000",
    "https://[::1]:8443",
    "capacitor://localhost",
    "chrome-extension://abcdef",
  ])("takes the origin %s", (origin) => {
    expect(resolveCsrf({ trustedOrigins: [origin], origin }).trustedOrigins).toEqual(new Set([origin]));
  });

  test.each([
    "null",
    "*",
    "",
    "app.example",
    "//app.example",
    "https://",
    "https://app.example/",
    "https://app.example/path",
    "https://app.example?",
    "https://app.example#",
    "https://app.example:443",
    "http://app.example:80",
    "https://App.example",
    "HTTPS://app.example",
    "https://user@app.example",
    "https://*.app.example",
    "https://bücher.example",
    "https://app.example, https://b.example",
    " https://app.example",
    "https://app.example:99999",
    7 as unknown as string,
  ])("refuses %j as an origin", (origin) => {
    expect(() => resolveCsrf({ trustedOrigins: [origin] })).toThrowError(refused("csrf.trustedOrigins"));
    expect(() => resolveCsrf({ origin: [origin] })).toThrowError(refused("csrf.origin"));
  });

  test.each(["pay", "/pay*", "/pay?x", "/a/../b", "/a/./b", "/a//b", "/a/..", "/%61", "/a\\b", "/a b", ""])(
    "refuses %j as an exempt path",
    (path) => {
      expect(() => resolveCsrf({ exempt: [path] })).toThrowError(refused("csrf.exempt"));
    },
  );

  test.each<[string, CsrfOptions]>([
    ["csrf.tokens", { tokens: "sometimes" as "always" }],
    ["csrf.tokenHeader", { tokenHeader: "x csrf" }],
    ["csrf.tokenField", { tokenField: "" }],
    ["csrf.exempt", { exempt: "/pay" as unknown as string[] }],
    ["csrf.trustedOrigins", { trustedOrigins: "https://a.example" as unknown as string[] }],
  ])("refuses a mistake in %s", (option, options) => {
    expect(() => resolveCsrf(options)).toThrowError(refused(option));
  });

  test("reads headers in lower case", () => {
    expect(resolveCsrf({ tokenHeader: "X-My-Token" }).tokenHeader).toBe("x-my-token");
  });
});

describe("trustedOrigins as a function", () => {
  const { trustedOrigins } = resolveCsrf({
    trustedOrigins: (origin) => /^https:\/\/[a-z0-9-]+\.example\.com$/.test(origin),
  });

  test("is asked for each origin", () => {
    expect(trustedOrigins.has("https://tenant.example.com")).toBe(true);
    expect(trustedOrigins.has("https://example.com.evil.example")).toBe(false);
  });

  test("is not asked for what is no origin", () => {
    const everybody = resolveCsrf({ trustedOrigins: () => true }).trustedOrigins;
    for (const origin of ["null", "", "https://a.example/path", "https://A.example", "a.example"])
      expect([origin, everybody.has(origin)]).toEqual([origin, false]);
  });

  test("trusts for `true` alone: a promise is none", () => {
    const late = resolveCsrf({ trustedOrigins: (async () => true) as never }).trustedOrigins;
    expect(late.has("https://a.example")).toBe(false);
  });
});
