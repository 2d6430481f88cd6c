/**
 * The errors of the server: which of them say that a statement can be sent again or that a table is missing, and what
 * of the others reaches a caller.
 */
import { SessionError } from "../../errors.ts";

function codeOf(error: unknown): string | undefined {
  const { code } = (typeof error === "object" && error !== null ? error : {}) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** Serialisation failure and deadlock: the server has rolled the statement back, and asks for it again. */
export function isRolledBack(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01";
}

/** No such table, schema or function: somebody has dropped what was there. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "42P01" || code === "3F000" || code === "42883";
}

export function late(timeout: number): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `PostgreSQL did not answer within ${timeout} ms ("timeout"). A write may have been applied; it is not repeated.`,
  );
}

/**
 * What the server says about itself and its tables. The other fields, `detail` and `where` first, quote what is in a
 * row.
 */
const KEPT = ["code", "severity", "routine", "schema", "table", "column", "constraint"] as const;

/**
 * An error of the server without what it quotes: rows and parameters hold keys, users and data, and errors go into
 * logs. The message of a refused value (class 22) quotes it, too. All other errors stay as they are.
 */
export function withoutContents(error: unknown): unknown {
  const code = codeOf(error);
  const { severity, message } = error as { severity?: unknown; message?: unknown };
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || typeof severity !== "string") return error;
  if (code.startsWith("54")) return tooLarge();
  const safe = new Error(code.startsWith("22") ? "PostgreSQL refused a value." : String(message));
  const given = error as Readonly<Record<string, unknown>>;
  for (const name of KEPT) {
    // postgres.js has them under longer names.
    const value = given[name] ?? given[`${name}_name`];
    if (value !== undefined) Object.assign(safe, { [name]: value });
  }
  return safe;
}

/** Class 54: more than the server can take. */
function tooLarge(): SessionError {
  return new SessionError(
    "SOJOURN_RECORD_TOO_LARGE",
    "PostgreSQL takes at most 1 GB of data in a session, and some 2,700 bytes of a key or user id. Nothing was stored.",
  );
}
