/**
 * When a session is over. Pure: times in, a judgement out.
 */
import type { Duration } from "../duration.ts";
import type { Times } from "./held.ts";
import type { Meta } from "./meta.ts";

/** Authenticator assurance levels of NIST SP 800-63B-4, whose time limits a preset takes. */
export type Preset = "aal1" | "aal2" | "aal3";

/** When a session ends by itself. Durations are milliseconds, or text such as "15m". */
export interface LifetimeOptions {
  /**
   * Both limits at once, from NIST SP 800-63B-4: `aal1` 7 d idle and 30 d in all, `aal2` 1 h and 24 h,
   * `aal3` 15 min and 12 h. Longer values beside a preset need a `justification` (ASVS 7.1.1). Default: none.
   */
  readonly preset?: Preset | undefined;
  /**
   * Ends after so long without a request. Default 1 d, or `lifetime` when that is shorter; at least 1 s, at most
   * `lifetime`. Always on.
   */
  readonly idle?: Duration | undefined;
  /** Ends so long after it began or was re-authenticated, whatever happens. Default 7 d, 1 s to 400 d. Always on. */
  readonly lifetime?: Duration | undefined;
  /**
   * The same as `idle` for sessions that nobody is logged in to. Default: `idle`; at least 1 s, at most `idle`. A
   * shorter one keeps a flood of visitors, or of pages with a CSRF token, from pushing users out of a store that is
   * bounded.
   */
  readonly anonymousIdle?: Duration | undefined;
  /** Why a limit is longer than its preset; kept in the policy for the auditor. Default: none. */
  readonly justification?: string | undefined;
  /**
   * How long a touch is good for: the least time between two. Default a twentieth of `idle`, 0 for every request,
   * always shorter than `idle`; the idle deadline may fall short by it, never over.
   */
  readonly touchEvery?: Duration | undefined;
}

/** The limits in milliseconds, checked. */
export interface Lifetime {
  readonly idle: number;
  readonly lifetime: number;
  readonly touchEvery: number;
  /** The limits of a session that nobody is logged in to. */
  readonly anonymous?: Lifetime | undefined;
  readonly justification: string | undefined;
}

/** The same limits with another idle limit: touches are as frequent in proportion. */
export function withIdle(limits: Lifetime, idle: number): Lifetime {
  return { ...limits, idle, touchEvery: Math.min(limits.touchEvery, Math.floor(idle / 20)) };
}

/** The limits of one session: the manager's, or shorter ones that its login asked for. */
export function limitsOf(limits: Lifetime, userId: string | undefined, own: number | undefined): Lifetime {
  const general = userId === undefined ? (limits.anonymous ?? limits) : limits;
  return own === undefined || own >= general.idle ? general : withIdle(general, own);
}

/** The instant from which the record counts as absent. */
export function expiryOf(seenAt: number, endsAt: number, limits: Lifetime): number {
  return Math.min(seenAt + limits.idle, endsAt);
}

/**
 * The times of a record that is written: none of them moves back.
 *
 * @param usedAt When it was used; undefined for a request that is no sign of life.
 */
export function timesAfter(
  limits: Lifetime,
  times: Times,
  { endsAt, idle }: Pick<Meta, "endsAt" | "idle">,
  usedAt: number | undefined,
): Times {
  const seenAt = usedAt === undefined ? times.seenAt : Math.max(usedAt, times.seenAt);
  const expiresAt = expiryOf(seenAt, endsAt, limitsOf(limits, times.userId, idle));
  return { ...times, seenAt, expiresAt: Math.max(times.expiresAt, expiresAt) };
}

/** Whether a session of these times is over, and by which limit. A clock that stepped back makes nothing expire. */
export function judgeTimes(
  seenAt: number,
  endsAt: number,
  limits: Lifetime,
  now: number,
): "live" | "idle" | "lifetime" {
  if (now >= endsAt) return "lifetime";
  return now >= seenAt + limits.idle ? "idle" : "live";
}

/** Whether the last use should be written down again. */
export function touchDue(seenAt: number, limits: Lifetime, now: number): boolean {
  return now - seenAt >= limits.touchEvery && now > seenAt;
}
