/**
 * The verbs that change who a session belongs to. Each takes effect in the store before it resolves;
 * the client learns of it with the response.
 */
import type { Context } from "../context.ts";
import { assertNotSeconds, type Duration, milliseconds } from "../duration.ts";
import { checkNames, invalidOption } from "../errors.ts";
import type { Times } from "../record/held.ts";
import { expiryOf, limitsOf } from "../record/lifetime.ts";
import type { Meta } from "../record/meta.ts";
import { end } from "../record/tombstone.ts";
import { checkFactors } from "./factors.ts";
import { assertAnswerable, assertUsable, notAuthenticated, readOnly } from "./guards.ts";
import type { Internals } from "./internals.ts";
import { takePlace } from "./place.ts";

/** What is known of a login beside the user. */
export interface LoginOptions {
  /**
   * How the user authenticated: "pwd", "otp", "hwk"… (RFC 8176 lists names). Kept with the instant, and listed.
   * Default: none.
   */
  readonly factors?: readonly string[] | undefined;
  /**
   * False makes the cookie end with the browser ("remember me" left unticked). Default: the cookie option `persistent`,
   * which `true` does not override.
   */
  readonly persistent?: boolean | undefined;
  /**
   * An idle limit of this session, in milliseconds or text such as "1h". Default and bound: the manager's `idle`; at
   * least 1 s.
   */
  readonly idle?: Duration | undefined;
  /**
   * The login ends at this instant at the latest, however often it is used. Default: the manager's `lifetime`, which a
   * later instant does not prolong.
   */
  readonly until?: Date | undefined;
  /**
   * An absolute limit of this session, in milliseconds or text such as "8h". Default and bound: the manager's
   * `lifetime`; at least 1 s.
   */
  readonly lifetime?: Duration | undefined;
  /**
   * From when the login counts, as a Date or in milliseconds: a revocation of the user after that covers it. Default:
   * when the request arrived. Give the earlier instant at which the credentials were checked, when that was in another
   * request.
   */
  readonly since?: Date | number | undefined;
}

/** What is known of another authentication in a session. */
export type ReauthenticateOptions = Pick<LoginOptions, "factors">;

/** A user id is an index key in every store; longer ones do not fit all of them. */
const LONGEST_USER_ID = 255;

const LOGIN_OPTIONS = ["factors", "persistent", "idle", "lifetime", "until", "since"];

export async function login(session: Internals, userId: string, options: LoginOptions): Promise<void> {
  assertAnswerable(session, "login");
  if (typeof userId !== "string" || userId === "" || userId.length > LONGEST_USER_ID) {
    throw invalidOption("userId", userId, `a string of 1 to ${LONGEST_USER_ID} characters`);
  }
  checkNames("login.", options, LOGIN_OPTIONS);
  checkFacts(options);
  const { context, proof } = session;
  const { idle, lifetime } = ownLimits(context, options);
  const since = sinceOf(session, options.since);
  const now = context.clock();
  const device = proof.source && context.device(proof.source);
  const meta: Meta = {
    ...freshMeta(context, now, lifetime),
    endsAt: Math.min(
      now + (lifetime ?? context.lifetime.lifetime),
      options.until?.getTime() ?? Number.POSITIVE_INFINITY,
    ),
    authenticatedAt: now,
    factors: options.factors,
    factorsAt: shownAt(options.factors, now),
    persistent: options.persistent,
    idle,
    device,
  };
  const times: Times = { createdAt: now, seenAt: now, expiresAt: expires(context, userId, meta, now), userId };
  await takePlace(session, () => ({ times, meta }), "login", since);
  context.emit({ type: "login", id: session.key, userId, device, factors: options.factors ?? [] });
}

/** A new id for the same session and user: for a change of privilege that is not a login (ASVS 7.2.4). */
export async function rotate(session: Internals): Promise<void> {
  assertAnswerable(session, "rotate");
  const { held, context } = session;
  if (!held) return;
  await takePlace(
    session,
    (before = held) => ({
      times: before.times,
      meta: { ...before.content.meta, generation: 0, rotatedAt: context.clock(), successorSeenAt: undefined },
    }),
    "rotate",
    session.proof.arrivedAt,
  );
}

/** The user has authenticated again: a new id, and both time limits begin anew (SP 800-63B-4, 5.2). */
export async function reauthenticate(session: Internals, options: ReauthenticateOptions): Promise<void> {
  assertAnswerable(session, "reauthenticate");
  checkNames("reauthenticate.", options, ["factors"]);
  checkFacts(options);
  const { held, context, userId } = session;
  if (!held || userId === undefined) throw notAuthenticated("reauthenticate");
  const now = context.clock();
  await takePlace(
    session,
    (before = held) => {
      const old = before.content.meta;
      const lifetime = old.lifetime ?? context.lifetime.lifetime;
      const meta: Meta = {
        ...old,
        ...freshMeta(context, now, lifetime),
        lifetime: old.lifetime,
        authenticatedAt: now,
        factors: [...new Set([...(old.factors ?? []), ...(options.factors ?? [])])],
        factorsAt: {
          ...shownAt(old.factors, old.authenticatedAt ?? now),
          ...old.factorsAt,
          ...shownAt(options.factors, now),
        },
      };
      return { times: { createdAt: now, seenAt: now, expiresAt: expires(context, userId, meta, now), userId }, meta };
    },
    "reauthenticate",
    session.proof.arrivedAt,
  );
}

/** Ends the session in the store and takes the client's copy away with the response. */
export async function destroy(session: Internals): Promise<void> {
  assertUsable(session, "destroy");
  if (session.proof.readOnly) throw readOnly("destroy");
  const ended = await endOwn(session, "destroyed");
  session.destroy(ended);
}

/** Ends the session; the request goes on anonymously, and may begin another one. */
export async function logout(session: Internals): Promise<void> {
  if (session.response.committed) assertAnswerable(session, "logout");
  assertUsable(session, "logout");
  if (session.proof.readOnly) throw readOnly("logout");
  const ended = await endOwn(session, "logout");
  await session.startOver(ended);
}

/**
 * What the client has is ended, also where it came with an id that was replaced a moment ago. True when there was
 * something to end.
 */
async function endOwn(session: Internals, reason: "destroyed" | "logout"): Promise<boolean> {
  const { context, held, proof } = session;
  if (held) {
    await end(context.graveyard, session.key, reason, held);
    return true;
  }
  return session.phase === "muted" && proof.key !== undefined && end(context.graveyard, proof.key, reason);
}

function checkFacts({ factors, persistent, until }: LoginOptions): void {
  checkFactors(factors);
  if (persistent !== undefined && typeof persistent !== "boolean")
    throw invalidOption("persistent", persistent, "true or false");
  if (until !== undefined && !(until instanceof Date && Number.isFinite(until.getTime())))
    throw invalidOption("until", until, "a Date");
}

function ownLimits(
  { lifetime: limits }: Context,
  { idle, lifetime }: LoginOptions,
): { readonly idle: number | undefined; readonly lifetime: number | undefined } {
  const within = (name: string, value: Duration | undefined, most: number): number | undefined => {
    if (value === undefined) return undefined;
    assertNotSeconds(`login.${name}`, value);
    const ms = milliseconds(`login.${name}`, value, 1_000);
    if (ms > most) throw invalidOption(`login.${name}`, value, `no longer than the manager's \`${name}\` (${most} ms)`);
    return ms;
  };
  return { idle: within("idle", idle, limits.idle), lifetime: within("lifetime", lifetime, limits.lifetime) };
}

function sinceOf({ arrivedAt, context }: Internals, since: Date | number | undefined): number {
  if (since === undefined) return arrivedAt;
  const at = since instanceof Date ? since.getTime() : since;
  if (typeof at !== "number" || !Number.isFinite(at) || at > context.clock())
    throw invalidOption("login.since", since, "an instant that is not in the future");
  return at;
}

function shownAt(factors: readonly string[] | undefined, at: number): Meta["factorsAt"] {
  return factors?.length ? Object.fromEntries(factors.map((factor) => [factor, at])) : undefined;
}

function expires({ lifetime }: Context, userId: string | undefined, meta: Meta, now: number): number {
  return expiryOf(now, meta.endsAt, limitsOf(lifetime, userId, meta.idle));
}

function freshMeta(context: Context, now: number, lifetime = context.lifetime.lifetime): Meta {
  return {
    endsAt: now + lifetime,
    rotatedAt: now,
    generation: 0,
    successorSeenAt: undefined,
    lifetime: lifetime === context.lifetime.lifetime ? undefined : lifetime,
    version: context.shape.label(undefined),
  };
}
