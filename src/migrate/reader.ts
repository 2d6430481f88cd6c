/**
 * What a reader of another library's sessions is, and what all of them do with cookies, JSON and dates that a client
 * sent.
 */
import type { RequestSource } from "../index.ts";
import { readCookie } from "../transport/cookie-header.ts";

/** What another library left behind about one client. */
export interface FoundSession {
  /** What the application had put into it. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Whose it is, where the format says so. */
  readonly userId?: string | undefined;
  /** When it would have ended; undefined where the format does not say. */
  readonly expiresAt?: Date | undefined;
}

/** A session with what proved it. */
export interface Found {
  /**
   * One text for one proof, however a client spells it: what the signature or the seal covers, byte for byte, or the
   * id. By it a copy is known again.
   */
  readonly proof: string;
  readonly session: FoundSession;
}

/**
 * Reads the sessions of one other library. Whatever a client sends is no error: what is forged, truncated or over is
 * not found. Only a store that does not answer makes it reject.
 */
export interface Reader {
  /** The library's: "express-session", "iron-session"… */
  readonly name: string;
  /** The cookies that carry it. */
  readonly cookies: readonly OldCookie[];
  find(source: RequestSource): Promise<Found | undefined>;
  /** Ends it where it is stored, when the client logs out. */
  end?(source: RequestSource): Promise<void>;
}

/** A cookie as the other library sets it, so that it can be taken away. */
export interface OldCookie {
  readonly name: string;
  /** Default "/". */
  readonly path?: string | undefined;
  /** Default: none. */
  readonly domain?: string | undefined;
}

/** Where a reader finds its cookie. */
export interface CookieOptions {
  /** The cookie's name. Default: the library's own. */
  readonly cookie?: string | undefined;
  /** The cookie's path. Default "/". */
  readonly path?: string | undefined;
  /** The cookie's domain. Default: none. */
  readonly domain?: string | undefined;
}

/** The cookie of a reader and those that go with it. */
export function cookiesOf(
  { cookie, path, domain }: CookieOptions,
  own: string,
  endings: readonly string[] = [""],
): OldCookie[] {
  return endings.map((ending) => ({ name: (cookie ?? own) + ending, path, domain }));
}

/** Characters of one value that are looked at; a browser keeps 4,096 of a cookie. */
const LONGEST = 8192;

/** Every value that the request has for the cookie, decoded as servers on Node encode them. */
export function valuesOf(source: RequestSource, name: string): string[] {
  const header = source.header("cookie");
  if (header === undefined) return [];
  return readCookie(header, name)
    .filter((value) => value.length <= LONGEST)
    .map(decoded);
}

function decoded(raw: string): string {
  const value = raw.length > 1 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw;
  try {
    return value.includes("%") ? decodeURIComponent(value) : value;
  } catch {
    return value;
  }
}

/** The first of the candidates that is a session; the others are whatever a client can send. */
export async function firstFound(
  candidates: readonly string[],
  read: (candidate: string) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  for (const candidate of candidates) {
    const found = await read(candidate);
    if (found) return found;
  }
  return undefined;
}

/** A session under its proof, if there is one. */
export function provenBy(proof: string, session: FoundSession | undefined): Found | undefined {
  return session && { proof, session };
}

/** An object that is no list and no null; undefined for everything else. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** The object that a JSON text holds. */
export function jsonOf(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A date that may be a date, its text or its milliseconds. */
export function dateOf(value: unknown): Date | undefined {
  if (!(value instanceof Date || typeof value === "string" || typeof value === "number")) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
