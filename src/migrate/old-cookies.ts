/**
 * The end of old cookies, which are taken away when ours is.
 */
import type { HeaderOp, RequestSource } from "../index.ts";
import { readCookie } from "../transport/cookie-header.ts";
import type { Reader } from "./reader.ts";

/** Headers that take the old cookies away which the request came with. */
export function clearing(reader: Reader, source: RequestSource): readonly HeaderOp[] {
  const header = source.header("cookie");
  if (header === undefined) return [];
  return reader.cookies
    .filter(({ name }) => readCookie(header, name).length > 0)
    .map(({ name, path = "/", domain }) => ({
      op: "append",
      name: "set-cookie",
      value: `${name}=; Path=${path}${domain ? `; Domain=${domain}` : ""}; Max-Age=0; HttpOnly${secure(name)}`,
    }));
}

/** Whether the headers take our own cookie away. */
export function takesAway(headers: readonly HeaderOp[]): boolean {
  return headers.some(({ name, value }) => name.toLowerCase() === "set-cookie" && /;\s*Max-Age=0(?:;|$)/i.test(value));
}

/** Browsers ignore a cookie whose name promises Secure and that comes without. */
function secure(name: string): string {
  return /^__(?:secure|host)-/i.test(name) ? "; Secure" : "";
}
