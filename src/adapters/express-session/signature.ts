/**
 * The signature of express-session's cookies, made and checked.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** What signs: text, bytes, or a key that Node made of them. */
export type Secret = Parameters<typeof createHmac>[1];

/** A value with its HMAC-SHA-256 behind a dot, in base64 without padding: the form of express-session's cookies. */
export function sign(value: string, secret: Secret): string {
  return `${value}.${createHmac("sha256", secret).update(value).digest("base64").replace(/=+$/, "")}`;
}

/**
 * The value that one of these secrets signed; undefined for anything else. Constant in time for what a client can
 * choose.
 */
export function unsign(signed: string, secrets: readonly Secret[]): string | undefined {
  const dot = signed.lastIndexOf(".");
  if (dot === -1) return undefined;
  const value = signed.slice(0, dot);
  const found = Buffer.from(signed);
  for (const secret of secrets) {
    const expected = Buffer.from(sign(value, secret));
    if (found.length === expected.length && timingSafeEqual(found, expected)) return value;
  }
  return undefined;
}
