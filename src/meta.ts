/**
 * What the library itself keeps about a session, beside the application's data.
 */
import type { Rotation } from "./rotation.ts";

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
  /** False for a cookie that dies with the browser. */
  readonly persistent?: boolean | undefined;
  /** Present on a tombstone: the record stands for a session that is no more. */
  readonly tombstone?: { readonly reason: "replaced" | "ended"; readonly successor?: string | undefined } | undefined;
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
  t?: [reason: "replaced" | "ended", successor?: string] | undefined;
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
  if (meta.tombstone)
    wire.t = meta.tombstone.successor ? [meta.tombstone.reason, meta.tombstone.successor] : [meta.tombstone.reason];
  return JSON.stringify(wire);
}

/** Null when the text is not what `encodeMeta` writes: a store may hold anything. */
export function decodeMeta(text: string): Meta | null {
  let wire: WireMeta;
  try {
    wire = JSON.parse(text) as WireMeta;
  } catch {
    return null;
  }
  if (typeof wire !== "object" || wire === null || !isTime(wire.x) || !isTime(wire.r)) return null;
  if (wire.g !== undefined && !isTime(wire.g)) return null;
  if (wire.l !== undefined && !Array.isArray(wire.l)) return null;
  if (wire.t !== undefined && !Array.isArray(wire.t)) return null;
  return {
    endsAt: wire.x,
    rotatedAt: wire.r,
    generation: wire.g ?? 0,
    successorSeenAt: wire.s,
    authenticatedAt: wire.a,
    factors: wire.f,
    device: wire.d,
    flash: wire.l,
    version: wire.v,
    persistent: wire.p !== 0,
    tombstone: wire.t && { reason: wire.t[0], successor: wire.t[1] },
  };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
