/**
 * What the library itself keeps about a session, beside the application's data.
 */
import { freeze } from "./freeze.ts";
import type { Rotation } from "./generation.ts";

/** What is known of the device that logged in; shown in lists, never used to decide. */
export interface Device {
  readonly browser?: string | undefined;
  readonly system?: string | undefined;
  /** The address cut to a prefix (IPv4 /24, IPv6 /48), so that a list does not track people. */
  readonly network?: string | undefined;
}

/** A message for the next page. */
export interface Flash {
  readonly kind: string;
  readonly text: string;
}

export interface Meta extends Rotation {
  /** The absolute deadline. Moves only when the user authenticates again. */
  readonly endsAt: number;
  /** When the generation began; the session's start at first. */
  readonly rotatedAt: number;
  readonly authenticatedAt?: number | undefined;
  /** What the user showed at that time: "pwd", "otp", "hwk"… (RFC 8176 has names). */
  readonly factors?: readonly string[] | undefined;
  readonly device?: Device | undefined;
  readonly flash?: readonly Flash[] | undefined;
  /** The version of the data's shape. */
  readonly version?: number | undefined;
  /** The idle limit in milliseconds that the login asked for; undefined for the manager's. */
  readonly idle?: number | undefined;
  /** The absolute limit in milliseconds that the login asked for: a re-authentication begins it anew. */
  readonly lifetime?: number | undefined;
  /** When each factor was last shown, in milliseconds; by the names in `factors`. */
  readonly factorsAt?: Readonly<Record<string, number>> | undefined;
  /** Until then, in milliseconds, the session stays under its key: all others of its user are being ended. */
  readonly sparedUntil?: number | undefined;
  /** False for a cookie that dies with the browser. */
  readonly persistent?: boolean | undefined;
  /** Present on a tombstone: the record stands for a session that is no more. */
  readonly tombstone?:
    | {
        readonly reason: "replaced" | "ended";
        readonly successor?: string | undefined;
        /** The successor belongs to another user: nothing of this session goes there. */
        readonly otherUser?: boolean | undefined;
      }
    | undefined;
}

/** One letter a field, defaults left out: this travels in cookies and sits in memory a million times. */
interface WireMeta {
  x: number;
  r: number;
  g?: number | undefined;
  s?: number | undefined;
  a?: number | undefined;
  f?: readonly string[] | undefined;
  d?: Device | undefined;
  l?: readonly Flash[] | undefined;
  v?: number | undefined;
  p?: 0 | undefined;
  i?: number | undefined;
  m?: number | undefined;
  w?: Readonly<Record<string, number>> | undefined;
  o?: number | undefined;
  t?: [reason: "replaced" | "ended", successor?: string, otherUser?: "u"] | undefined;
}

export function encodeMeta(meta: Meta): string {
  const wire: WireMeta = { x: meta.endsAt, r: meta.rotatedAt };
  if (meta.generation !== 0) wire.g = meta.generation;
  if (meta.successorSeenAt !== undefined) wire.s = meta.successorSeenAt;
  if (meta.authenticatedAt !== undefined) wire.a = meta.authenticatedAt;
  if (meta.factors?.length) wire.f = meta.factors;
  if (meta.device) wire.d = meta.device;
  if (meta.flash?.length) wire.l = meta.flash;
  if (meta.version !== undefined) wire.v = meta.version;
  if (meta.persistent === false) wire.p = 0;
  if (meta.idle !== undefined) wire.i = meta.idle;
  if (meta.lifetime !== undefined) wire.m = meta.lifetime;
  if (meta.factorsAt) wire.w = meta.factorsAt;
  if (meta.sparedUntil !== undefined) wire.o = meta.sparedUntil;
  if (meta.tombstone) wire.t = encodeTombstone(meta.tombstone);
  return JSON.stringify(wire);
}

function encodeTombstone({ reason, successor, otherUser }: NonNullable<Meta["tombstone"]>): WireMeta["t"] {
  if (!successor) return [reason];
  return otherUser ? [reason, successor, "u"] : [reason, successor];
}

/**
 * Null when the text is not what `encodeMeta` writes: a store may hold anything. What only informs (device, factors,
 * messages) is left out when it is of another form, for an application may have got that wrong.
 */
export function decodeMeta(text: string): Meta | null {
  let wire: unknown;
  try {
    wire = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isWireMeta(wire)) return null;
  // The application is handed these, and a cookie's meta serves more than one request.
  if (wire.f || wire.d || wire.l || wire.w) freeze(wire);
  return {
    endsAt: wire.x,
    rotatedAt: wire.r,
    generation: wire.g ?? 0,
    successorSeenAt: wire.s,
    authenticatedAt: isTime(wire.a) ? wire.a : undefined,
    factors: isListOf(wire.f, isText) ? wire.f : undefined,
    device: areTexts(wire.d) ? wire.d : undefined,
    flash: isListOf(wire.l, isFlash) ? wire.l : undefined,
    version: wire.v,
    persistent: wire.p !== 0,
    idle: isTime(wire.i) ? wire.i : undefined,
    lifetime: isTime(wire.m) ? wire.m : undefined,
    factorsAt: areTimes(wire.w) ? wire.w : undefined,
    sparedUntil: isTime(wire.o) ? wire.o : undefined,
    tombstone: wire.t && { reason: wire.t[0], successor: wire.t[1], otherUser: wire.t[2] === "u" || undefined },
  };
}

function isWireMeta(value: unknown): value is WireMeta {
  if (typeof value !== "object" || value === null) return false;
  const { x, r, g = 0, s = 0, v = 0, t } = value as Record<keyof WireMeta, unknown>;
  const isGrave = t === undefined || (isListOf(t, isText) && (t[0] === "replaced" || t[0] === "ended"));
  return isTime(x) && isTime(r) && isTime(s) && isCount(g) && isCount(v) && isGrave;
}

/** What a Date can hold. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 8.64e15;
}

/** What the four bytes of a token can hold. */
function isCount(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isFlash(value: unknown): value is Flash {
  return areTexts(value) && "kind" in value && "text" in value;
}

function areTexts(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isText);
}

function areTimes(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isTime);
}

function isListOf<Item>(value: unknown, is: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(is);
}
