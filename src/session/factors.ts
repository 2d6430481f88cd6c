/**
 * How a user has proved who they are: each factor with its instant, and the assurance level that they reach together.
 */
import type { Duration } from "../duration.ts";
import { checkNames, invalidOption, SessionError } from "../errors.ts";
import type { Preset } from "../record/lifetime.ts";
import type { Meta } from "../record/meta.ts";
import { notAuthenticated } from "./guards.ts";
import type { Internals } from "./internals.ts";

/** The kinds of factors of SP 800-63B-4 by the names of RFC 8176: what one knows, has, is. */
const KINDS: Readonly<Record<string, string>> = {
  pwd: "knows",
  pin: "knows",
  kba: "knows",
  otp: "has",
  sms: "has",
  tel: "has",
  pop: "has",
  swk: "has",
  hwk: "has",
  sc: "has",
  face: "is",
  fpt: "is",
  iris: "is",
  retina: "is",
  vbm: "is",
};

/** Keys in hardware, which cannot be copied (SP 800-63B-4, 2.3.1). */
const HARDWARE = ["hwk", "sc"];

export function levelOf(factors: readonly string[]): Preset | undefined {
  const kinds = new Set(factors.map((factor) => KINDS[factor]).filter(Boolean));
  const several = kinds.size > 1 || factors.includes("mfa");
  if (several) return factors.some((factor) => HARDWARE.includes(factor)) ? "aal3" : "aal2";
  return kinds.size === 1 ? "aal1" : undefined;
}

/** When each factor was last shown. Sessions of before factors had instants showed all of them at once. */
export function instantsOf({ factors = [], factorsAt, authenticatedAt = 0 }: Meta): Record<string, Date> {
  return Object.fromEntries(factors.map((factor) => [factor, new Date(factorsAt?.[factor] ?? authenticatedAt)]));
}

/** A text would pass for a list: it has an `includes` of its own, which finds parts of words. */
export function checkFactors(factors: unknown): void {
  if (factors !== undefined && !(Array.isArray(factors) && factors.every((factor) => typeof factor === "string")))
    throw invalidOption("factors", factors, 'a list of names, such as ["pwd", "otp"]');
}

/** @throws SOJOURN_NOT_AUTHENTICATED, SOJOURN_STALE_AUTHENTICATION */
export function assertFresh(
  { held, context }: Internals,
  mostMs: number,
  within: Duration,
  needed: { readonly factors?: readonly string[] | undefined },
): void {
  checkNames("requireFresh.", needed, ["factors"]);
  checkFactors(needed.factors);
  const { factors = [] } = needed;
  const meta = held?.content.meta;
  const at = meta?.authenticatedAt;
  if (!meta || held?.times.userId === undefined || at === undefined) throw notAuthenticated("go on");
  const now = context.clock();
  const shown = instantsOf(meta);
  const missing = factors.filter((factor) => !shown[factor]);
  const stale = factors.filter((factor) => shown[factor] && now - shown[factor].getTime() >= mostMs);
  if (missing.length > 0) throw notFresh(`without ${missing.join(", ")}`);
  if (stale.length > 0) throw notFresh(`with ${stale.join(", ")} longer ago than this action allows (${within})`);
  if (now - at >= mostMs) throw notFresh(`longer ago than this action allows (${within})`);
}

function notFresh(what: string): SessionError {
  return new SessionError(
    "SOJOURN_STALE_AUTHENTICATION",
    `The user authenticated ${what}; ask again and call \`reauthenticate\`.`,
  );
}
