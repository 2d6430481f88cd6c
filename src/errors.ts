/**
 * Every error that Sojourn throws, each with a code that stays the same across releases.
 *
 * Hostile input is never an exception (it is an anonymous request and an event); these are for
 * the application and its operator. No message holds a token, a key or session data.
 */

import { isPromise } from "./awaitable.ts";

/** The closed list of codes. `docs/errors.md` has a section for each. */
export type SessionErrorCode =
  | "SOJOURN_INVALID_OPTION"
  | "SOJOURN_WEAK_SECRET"
  | "SOJOURN_STORE_UNAVAILABLE"
  | "SOJOURN_CONFLICT"
  | "SOJOURN_DATA_NOT_SERIALISABLE"
  | "SOJOURN_INVALID_DATA"
  | "SOJOURN_COOKIE_TOO_LARGE"
  | "SOJOURN_RECORD_TOO_LARGE"
  | "SOJOURN_INVALID_COOKIE"
  | "SOJOURN_COMMITTED"
  | "SOJOURN_ENDED"
  | "SOJOURN_SESSION_LIMIT"
  | "SOJOURN_REVOKED"
  | "SOJOURN_REPLACED"
  | "SOJOURN_TOO_LARGE"
  | "SOJOURN_NOT_AUTHENTICATED"
  | "SOJOURN_STALE_AUTHENTICATION"
  | "SOJOURN_CROSS_SITE"
  | "SOJOURN_READ_ONLY"
  | "SOJOURN_UNSUPPORTED";

/** The statuses that codes have; each has a text in request/error-response.ts. */
export type ErrorStatus = 401 | 403 | 409 | 413 | 500 | 503;

/** The HTTP status that an adapter answers with when the application does not catch the error. */
const STATUS: Record<SessionErrorCode, ErrorStatus> = {
  SOJOURN_INVALID_OPTION: 500,
  SOJOURN_WEAK_SECRET: 500,
  SOJOURN_STORE_UNAVAILABLE: 503,
  SOJOURN_CONFLICT: 409,
  SOJOURN_DATA_NOT_SERIALISABLE: 500,
  SOJOURN_INVALID_DATA: 500,
  SOJOURN_COOKIE_TOO_LARGE: 500,
  SOJOURN_RECORD_TOO_LARGE: 413,
  SOJOURN_INVALID_COOKIE: 500,
  SOJOURN_COMMITTED: 500,
  SOJOURN_ENDED: 500,
  SOJOURN_SESSION_LIMIT: 409,
  SOJOURN_REVOKED: 401,
  SOJOURN_REPLACED: 409,
  SOJOURN_TOO_LARGE: 500,
  SOJOURN_NOT_AUTHENTICATED: 401,
  SOJOURN_STALE_AUTHENTICATION: 403,
  SOJOURN_CROSS_SITE: 403,
  SOJOURN_READ_ONLY: 500,
  SOJOURN_UNSUPPORTED: 500,
};

/**
 * The one error class. Tell errors apart by `code`, not by `instanceof`, so that two copies of the
 * package in one process agree.
 *
 * @example
 * ```ts
 * try {
 *   await session.login(user.id);
 * } catch (error) {
 *   if (isSessionError(error, "SOJOURN_SESSION_LIMIT")) return tooManyDevices();
 *   throw error;
 * }
 * ```
 */
export class SessionError extends Error {
  override readonly name = "SessionError";
  readonly code: SessionErrorCode;
  /** HTTP status for an error handler that looks for one (Express, Koa, Fastify, Hono do). */
  readonly status: number;
  /** The same, for frameworks that know it by this name (NestJS, Fastify and what is written for http-errors). */
  readonly statusCode: number;

  /**
   * @param code One of the closed list.
   * @param message What was expected, what was found, what to do. No secrets.
   * @param cause The error underneath, when there is one.
   */
  constructor(code: SessionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = STATUS[code];
    this.statusCode = this.status;
  }

  /**
   * Messages are for whoever runs the application: frameworks that ask (Koa, NestJS) show the client the name of the
   * status.
   */
  get expose(): boolean {
    return false;
  }
}

/**
 * Whether a caught value is a Sojourn error, and of the given code when one is named. Works across
 * copies of the package and across realms.
 *
 * @example
 * ```ts
 * isSessionError(error); // → true
 * isSessionError(error, "SOJOURN_REVOKED"); // → false
 * ```
 */
export function isSessionError(error: unknown, code?: SessionErrorCode): error is SessionError {
  if (!(error instanceof Error) || error.name !== "SessionError") return false;
  const found = (error as { code?: unknown }).code;
  return code === undefined ? typeof found === "string" && found in STATUS : found === code;
}

/** A mistake in the options: says which, what was found, what was expected and what to do. */
export function invalidOption(option: string, found: unknown, expected: string): SessionError {
  return new SessionError(
    "SOJOURN_INVALID_OPTION",
    `Option "${option}": expected ${expected}, found ${describe(found)}.`,
  );
}

/**
 * A mistake in an option that takes no text: a text there may be a secret in the wrong place, so only the kind is told.
 */
export function invalidKind(option: string, found: unknown, expected: string): SessionError {
  return new SessionError(
    "SOJOURN_INVALID_OPTION",
    `Option "${option}": expected ${expected}, found ${kindOf(found)}.`,
  );
}

/** Above so many names of options, the message lists those that are near and no others. */
const FEW = 10;

/**
 * Refuses an option that there is not: mistyped, it would do nothing, and nobody would know. Its value is not told.
 *
 * @param within What to put before its name, such as "cookie.".
 */
export function checkNames(within: string, given: object, known: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw invalidKind(`${within}options`, given, "an object");
  // Asked for every request, and made so that it costs next to nothing.
  for (const name in given) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || known.includes(name)) continue;
    const close = known.filter((each) => isNear(name.toLowerCase(), each.toLowerCase()));
    const listed = close.length > 0 ? close : known.length <= FEW ? known : ["those in docs/options.md"];
    throw invalidKind(within + name, value, `one of the options that there are (${listed.join(", ")})`);
  }
}

/**
 * Refuses an option that is not there: a misspelt one would quietly be the default. The compiler sees that
 * none of those that it has is forgotten.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` naming the options that may have been meant.
 */
export function checkKnown<Options extends object>(
  options: Options,
  known: Readonly<Record<keyof Options, true>>,
): void {
  if (typeof options !== "object" || options === null) throw invalidKind("options", options, "an object");
  checkNames("", options, Object.keys(known));
}

/**
 * Whether somebody may have meant the other: part of it, or but for a quarter of its letters the same, in any order.
 */
function isNear(given: string, known: string): boolean {
  if (given.length > 2 && (known.includes(given) || given.includes(known))) return true;
  let rest = known;
  let strange = 0;
  for (const letter of given) {
    const without = rest.replace(letter, "");
    if (without === rest) strange++;
    rest = without;
  }
  return Math.max(strange, rest.length) <= Math.max(1, known.length / 4);
}

/** A value for a message: its kind, and its text only where that cannot be a secret. */
function describe(value: unknown): string {
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  // An address may hold a password.
  if (typeof value === "string" && value.length <= 40 && !value.includes("@")) return JSON.stringify(value);
  return kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isPromise(value)) return "a promise";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
