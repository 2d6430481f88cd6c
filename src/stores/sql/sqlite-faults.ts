/**
 * What SQLite, the platforms around it and KV say of a value that is too large, and the error that callers get for it.
 */
import { SessionError } from "../../errors.ts";

/** Primary result code SQLITE_TOOBIG. */
const TOO_BIG = 18;

/** Whether a value is larger than SQLite, the platform around it or KV takes; whichever driver or platform says so. */
function isTooLarge(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  if (code === "SQLITE_TOOBIG" || errcode === TOO_BIG) return true;
  return (
    typeof message === "string" && /SQLITE_TOOBIG|(string|blob|row) too big|length of \d+ exceeds limit/i.test(message)
  );
}

/**
 * The error as callers get it: what is no fault of the database has a code of its own.
 *
 * @param limit Who takes how much, for the message.
 */
export function explained(error: unknown, limit: string): unknown {
  if (!isTooLarge(error)) return error;
  return new SessionError(
    "SOJOURN_RECORD_TOO_LARGE",
    `${limit}, and this session holds more. Nothing was stored; keep large things elsewhere, and their key in the ` +
      "session.",
    error,
  );
}
