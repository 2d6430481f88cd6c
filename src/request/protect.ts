/**
 * Whether a request may change something for its session: where it comes from, then its token.
 */
import type { Awaitable } from "../awaitable.ts";
import type { Context } from "../context.ts";
import { checkOrigin, checkUpgrade } from "../csrf/origin.ts";
import type { CsrfPolicy } from "../csrf/policy.ts";
import { type CrossSiteError, crossSiteError } from "../csrf/refusal.ts";
import { readToken } from "../csrf/token.ts";
import { internalsOf, type Session } from "../session/session.ts";
import type { Protection, ReadBody } from "../sessions.ts";
import type { HeaderOp, RequestSource } from "../transport/transport.ts";
import { tellWith } from "./error-response.ts";
import { markHeaders } from "./response-headers.ts";

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
  const denied = (why: Protection["reason"]): Protection => {
    context.emit({ type: "rejected", id: internalsOf(session).identity?.key, reason: "csrf" });
    return new Denied(why, policy, markHeaders(context, source));
  };
  if (verdict === "deny") return denied(reason);
  return checkToken(policy, source, session, readBody).then((token) =>
    token === "right" ? { allowed: true, reason } : denied(token),
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

/** The error is made when somebody throws it. */
class Denied implements Protection {
  readonly allowed = false;
  readonly reason: Protection["reason"];
  readonly #policy: CsrfPolicy;
  readonly #told: readonly HeaderOp[];

  constructor(reason: Protection["reason"], policy: CsrfPolicy, told: readonly HeaderOp[]) {
    this.reason = reason;
    this.#policy = policy;
    this.#told = told;
  }

  get error(): CrossSiteError {
    const error = crossSiteError(this.reason, this.#policy);
    tellWith(error, this.#told);
    return error;
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
  return verdict === "allow" ? { allowed: true, reason } : new Denied(reason, policy, markHeaders(context, source));
}
