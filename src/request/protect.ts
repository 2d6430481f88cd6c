/**
 * Whether a request may change something for its session: where it comes from, then its token.
 */
import type { Context } from "../context.ts";
import type { Awaitable } from "../crypto/platform.ts";
import { checkOrigin, checkUpgrade } from "../csrf/origin.ts";
import type { CsrfPolicy } from "../csrf/policy.ts";
import { type CrossSiteError, crossSiteError } from "../csrf/refusal.ts";
import { readToken } from "../csrf/token.ts";
import { internalsOf, type Session } from "../session/session.ts";
import type { Protection, ReadBody } from "../sessions.ts";
import type { RequestSource } from "../transport/transport.ts";

const OFF: Protection = Object.freeze({ allowed: true, reason: "off" });

/** Without a promise when no token has to be looked for, which is nearly always. */
export function protect(
  context: Context,
  source: RequestSource,
  session: Session<object>,
  readBody?: ReadBody,
): Awaitable<Protection> {
  const policy = context.csrf;
  if (!policy) return OFF;
  const { transport: provenBy, presents } = internalsOf(session).proof;
  const ambient = provenBy ? provenBy.ambient : context.transports.some((transport) => transport.ambient);
  const { verdict, reason } = checkOrigin(source, policy, { sessionPresent: presents, ambient });
  if (verdict === "allow") return { allowed: true, reason };
  if (verdict === "deny") return deny(context, policy, session, reason);
  return checkToken(policy, source, session, readBody).then((token) =>
    token === "right" ? { allowed: true, reason } : deny(context, policy, session, token),
  );
}

async function checkToken(
  policy: CsrfPolicy,
  source: RequestSource,
  session: Session<object>,
  readBody: ReadBody | undefined,
): Promise<"right" | "missing-token" | "wrong-token"> {
  // Nobody's body is read into memory for a cookie that proves nothing: no token could fit it.
  const mayFit = internalsOf(session).held !== undefined && readToken(source, policy) === undefined;
  const body = mayFit ? await readBody?.(policy.tokenField) : undefined;
  const token = readToken(source, policy, typeof body === "string" ? { [policy.tokenField]: body } : body);
  if (await session.verifyCsrfToken(token)) return "right";
  return token === undefined ? "missing-token" : "wrong-token";
}

function deny(
  context: Context,
  policy: CsrfPolicy,
  session: Session<object>,
  reason: Protection["reason"],
): Protection {
  context.emit({ type: "rejected", id: internalsOf(session).identity?.key, reason: "csrf" });
  return new Denied(reason, policy);
}

/** The error is made when somebody throws it. */
class Denied implements Protection {
  readonly allowed = false;
  readonly reason: Protection["reason"];
  readonly #policy: CsrfPolicy;

  constructor(reason: Protection["reason"], policy: CsrfPolicy) {
    this.reason = reason;
    this.#policy = policy;
  }

  get error(): CrossSiteError {
    return crossSiteError(this.reason, this.#policy);
  }
}

/**
 * Whether a WebSocket handshake comes from a page of this application (ASVS 4.4.2); browsers send it with cookies from
 * anywhere.
 */
export function protectUpgrade(context: Context, source: RequestSource): Protection {
  const policy = context.csrf;
  if (!policy) return OFF;
  const { verdict, reason } = checkUpgrade(source, policy);
  return verdict === "allow" ? { allowed: true, reason } : new Denied(reason, policy);
}
