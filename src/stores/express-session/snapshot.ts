/**
 * What is compared, merged and stored of a session of express-session: its properties and its cookie, as JSON.
 */
import { SessionError } from "../../errors.ts";

/**
 * A session at one moment, in a form that can be compared and merged: each property as its JSON. The cookie is apart,
 * for its `expires` moves with every request and says nothing about what the application did.
 */
export interface Snapshot {
  readonly fields: ReadonlyMap<string, string>;
  /** The cookie's JSON without `expires`. */
  readonly cookie: string;
  /** Whether the cookie has an `expires`; without, it ends with the browser. */
  readonly persistent: boolean;
  readonly expiresAt: number;
}

interface CookieLike {
  readonly expires?: unknown;
  readonly maxAge?: unknown;
}

/** What `express-session` calls a session, as far as it matters here. */
export type SessionLike = object & { readonly cookie?: unknown };

/**
 * @param ttl How long a session lives whose cookie does not say.
 * @throws SessionError `SOJOURN_DATA_NOT_SERIALISABLE` for a cycle, a BigInt, or a `toJSON` that throws.
 */
export function snapshotOf(session: SessionLike, now: number, ttl: number): Snapshot {
  try {
    return take(session, now, ttl);
  } catch (error) {
    const message = "The session's data cannot be written as JSON, which is what express-session keeps.";
    throw new SessionError("SOJOURN_DATA_NOT_SERIALISABLE", message, error);
  }
}

function take(session: SessionLike, now: number, ttl: number): Snapshot {
  const cookie = (session.cookie ?? {}) as CookieLike;
  const { expires: _, ...attributes } = JSON.parse(JSON.stringify(cookie)) as CookieLike;
  const expiresAt = instantOf(cookie);
  return {
    fields: fieldsOf(session),
    cookie: JSON.stringify(attributes),
    persistent: expiresAt !== undefined,
    expiresAt: expiresAt ?? now + ttl,
  };
}

/**
 * In a `Cookie` both say the same; a plain object may have either. `false` and null are "until the browser is closed".
 */
function instantOf({ expires, maxAge }: CookieLike): number | undefined {
  const instant = expires instanceof Date || typeof expires === "string" ? new Date(expires).getTime() : Number.NaN;
  if (Number.isFinite(instant)) return instant;
  return typeof maxAge === "number" && Number.isFinite(maxAge) ? Date.now() + maxAge : undefined;
}

function fieldsOf(session: object): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(session)) {
    const json = key === "cookie" ? undefined : JSON.stringify(value);
    if (json !== undefined) fields.set(key, json);
  }
  return fields;
}

/** What the store keeps: the session's JSON, as every store of express-session has it. */
export function textOf({ fields, cookie, persistent, expiresAt }: Snapshot): string {
  const expires = persistent ? new Date(expiresAt).toISOString() : null;
  const whole = JSON.stringify({ ...(JSON.parse(cookie) as object), expires });
  const rest = [...fields].map(([key, json]) => `,${JSON.stringify(key)}:${json}`);
  return `{"cookie":${whole}${rest.join("")}}`;
}

/** The session that a text holds, with the deadline that the record has now; undefined when it is not one. */
export function sessionOf(text: string, expiresAt: number): (SessionLike & { cookie: object }) | undefined {
  try {
    const session = JSON.parse(text) as { cookie?: { expires?: unknown } | null } | null;
    if (typeof session?.cookie !== "object" || session.cookie === null) return undefined;
    if (session.cookie.expires) session.cookie.expires = new Date(expiresAt).toISOString();
    return session as { cookie: object };
  } catch {
    return undefined;
  }
}

/**
 * How far `originalMaxAge` drifts, in ms. express-session computes it for every request from two readings of the clock,
 * and what the clock moved between them is no change of the application's.
 */
const DRIFT = 1000;

export function sameCookie(a: Snapshot, b: Snapshot): boolean {
  if (a.persistent !== b.persistent) return false;
  if (a.cookie === b.cookie) return true;
  const [one, other] = [a, b].map(({ cookie }) => JSON.parse(cookie) as { originalMaxAge?: unknown });
  const lengths = [one?.originalMaxAge, other?.originalMaxAge];
  return (
    JSON.stringify({ ...one, originalMaxAge: 0 }) === JSON.stringify({ ...other, originalMaxAge: 0 }) &&
    lengths.every((length) => typeof length === "number") &&
    Math.abs(Number(lengths[0]) - Number(lengths[1])) < DRIFT
  );
}

export function sameFields(a: Snapshot, b: Snapshot): boolean {
  return a.fields.size === b.fields.size && [...a.fields].every(([key, json]) => b.fields.get(key) === json);
}

/**
 * What is stored, and on top of it what changed between `base` and `ours`: the keys that differ, and the cookie if it
 * does.
 */
export function merge(stored: Snapshot, base: Snapshot, ours: Snapshot): Snapshot {
  const fields = new Map(stored.fields);
  for (const key of base.fields.keys()) if (!ours.fields.has(key)) fields.delete(key);
  for (const [key, json] of ours.fields) if (base.fields.get(key) !== json) fields.set(key, json);
  if (!sameCookie(base, ours)) return { ...ours, fields };
  // Another request gave the session another length; its deadline goes with it.
  if (!sameCookie(base, stored)) return { ...stored, fields };
  return { ...stored, fields, expiresAt: Math.max(ours.expiresAt, stored.expiresAt) };
}
