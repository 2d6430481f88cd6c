/**
 * How the session id of a request is found in its cookies, and believed only with a signature.
 */
import { readCookie } from "../../transport/cookie-header.ts";
import { deprecate } from "./deprecate.ts";
import type { SessionRequest } from "./request.ts";
import { type Secret, unsign } from "./signature.ts";

/**
 * The session id that a request presents; undefined when none of its cookies of this name bears a signature of ours. A
 * cookie that was read by cookie-parser counts as well, as it does for express-session.
 */
export function presentedId(
  req: SessionRequest,
  name: string,
  secrets: readonly Secret[],
  verified: { idOf(raw: string, secrets: readonly Secret[]): string | undefined },
): string | undefined {
  const header = req.headers.cookie;
  if (header) {
    for (const raw of readCookie(header, name)) {
      const id = verified.idOf(raw, secrets);
      if (id) return id;
    }
  }
  if (!req.signedCookies && !req.cookies) return undefined;
  const parsed = req.signedCookies?.[name] || signedId(req.cookies?.[name], secrets);
  if (!parsed) return undefined;
  deprecate("cookie should be available in req.headers.cookie");
  return String(parsed);
}

/** The id of a signed value that is decoded already. */
export function signedId(value: unknown, secrets: readonly Secret[]): string | undefined {
  return typeof value === "string" && value.startsWith("s:") ? unsign(value.slice(2), secrets) : undefined;
}

export function decodedCookie(raw: string): string {
  const value = raw.startsWith('"') && raw.endsWith('"') && raw.length > 1 ? raw.slice(1, -1) : raw;
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
