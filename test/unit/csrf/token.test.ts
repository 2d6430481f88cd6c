import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { resolveCsrf } from "../../../src/csrf/policy.ts";
import { maskToken, readToken, verifyToken } from "../../../src/csrf/token.ts";
import type { RequestSource } from "../../../src/transport/transport.ts";

const random = (seed: number): Uint8Array => createHash("sha256").update(String(seed)).digest();
const secret = random(1);

describe("maskToken(), verifyToken()", () => {
  test("a token verifies with its secret under any mask, and never repeats", () => {
    const tokens = Array.from({ length: 50 }, (_, i) => maskToken(secret, random(i + 2)));
    expect(new Set(tokens).size).toBe(50);
    for (const token of tokens) {
      expect(token).toMatch(/^[\w-]{86}$/);
      expect(verifyToken(token, secret)).toBe(true);
      expect(verifyToken(token, random(9))).toBe(false);
      expect(token).not.toContain(Buffer.from(secret).toString("base64url").slice(0, 10));
    }
  });

  test("is base64url(R || R xor S)", () => {
    const mask = new Uint8Array(32).fill(255);
    const expected = Buffer.concat([mask, secret.map((byte) => byte ^ 255)]).toString("base64url");
    expect(maskToken(secret, mask)).toBe(expected);
  });

  test("every changed character is refused", () => {
    const token = maskToken(secret, random(5));
    for (let index = 0; index < token.length; index++) {
      const other = token[index] === "A" ? "B" : "A";
      expect(verifyToken(token.slice(0, index) + other + token.slice(index + 1), secret)).toBe(false);
    }
  });

  test.each([
    "",
    "A".repeat(85),
    "A".repeat(86),
    "A".repeat(87),
    "=".repeat(86),
    "\u{1F600}".repeat(43),
    undefined,
    null,
    7,
    ["x"],
    { length: 86 },
  ])("verifyToken(%j) is false and does not throw", (token) => {
    expect(verifyToken(token as string, secret)).toBe(false);
  });

  test("an empty or short secret verifies nothing", () => {
    expect(verifyToken(maskToken(new Uint8Array(32), random(3)), new Uint8Array(0))).toBe(false);
    expect(() => maskToken(new Uint8Array(31), random(1))).toThrow("expected 32 bytes");
    expect(() => maskToken(secret, new Uint8Array(16))).toThrow("expected 32 bytes");
  });
});

describe("readToken()", () => {
  const policy = resolveCsrf();
  const source = (header?: string): RequestSource => ({
    method: "POST",
    url: "/?csrf=query",
    header: (name) => (name === "x-csrf-token" ? header : name === "cookie" ? "csrf=cookie" : undefined),
  });
  const form = new FormData();
  form.set("csrf", "form");

  test.each<[string, string | undefined, unknown, string | undefined]>([
    ["the header", "head", { csrf: "body" }, "head"],
    ["an object", undefined, { csrf: "body" }, "body"],
    ["FormData", undefined, form, "form"],
    ["URLSearchParams", undefined, new URLSearchParams("csrf=params"), "params"],
    ["never the query or a cookie", undefined, undefined, undefined],
    ["never a list", undefined, { csrf: ["a", "b"] }, undefined],
    ["never something inherited", undefined, Object.create({ csrf: "x" }), undefined],
  ])("takes %s", (_name, header, body, token) => {
    expect(readToken(source(header), policy, body)).toBe(token);
  });
});
