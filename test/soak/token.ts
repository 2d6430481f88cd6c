/** What a test may know of a session cookie: whose token it is, and of which generation. */
import { createHash } from "node:crypto";

export interface Seen {
  /** The public session id. */
  readonly id: string;
  readonly generation: number;
}

/** `kid:1 | id:18 | generation:4 | tag:16`, in base64url. */
export function tokenOf(cookie: string): Seen {
  const bytes = Buffer.from(cookie.slice(cookie.indexOf("=") + 1), "base64url");
  return {
    id: createHash("sha256").update(bytes.subarray(1, 19)).digest("base64url"),
    generation: bytes.readUInt32BE(19),
  };
}
