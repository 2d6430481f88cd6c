/**
 * A refused request in words: which header or field was missing or wrong, and which option lets it in.
 */
import { SessionError } from "../errors.ts";
import type { CsrfReason } from "./origin.ts";
import type { CsrfPolicy } from "./policy.ts";

/** Why a request was let through, or not. */
export type ProtectionReason = CsrfReason | "off" | "missing-token" | "wrong-token";

/** The error of a request that was refused; `reason` is for programs. */
export type CrossSiteError = SessionError & { readonly reason: ProtectionReason };

const TRUST = "If its pages may do that, put its origin into `csrf.trustedOrigins`";

function explain(reason: ProtectionReason, { tokenHeader, tokenField }: CsrfPolicy): string {
  const token = `the header \`${tokenHeader}\` or the form field \`${tokenField}\``;
  const exempt = "exempt requests that prove themselves in another way (`csrf.exempt`)";
  switch (reason) {
    case "cross-site":
      return `\`Sec-Fetch-Site\` says that a page of another site sent it. ${TRUST}, or ${exempt}.`;
    case "foreign-origin":
      return (
        `its \`Origin\` is not this application's. ${TRUST}; behind a proxy that changes \`Host\`, give the ` +
        "public origin as `csrf.origin`."
      );
    case "missing-origin":
      return (
        "a WebSocket handshake needs an `Origin` header, which browsers always send. Let native clients in " +
        "with `csrf.nativeClients`."
      );
    case "missing-token":
      return (
        "it has a session, and neither `Sec-Fetch-Site` nor `Origin`. Send `session.csrfToken()` in " +
        `${token}, send \`Origin\` (test clients do not), or ${exempt}.`
      );
    case "wrong-token":
      return `the CSRF token in ${token} is not one of this session (a login or logout makes new ones necessary).`;
    default:
      return `${reason}.`;
  }
}

export function crossSiteError(reason: ProtectionReason, policy: CsrfPolicy): CrossSiteError {
  const error = new SessionError("SOJOURN_CROSS_SITE", `The request was refused: ${explain(reason, policy)}`);
  return Object.assign(error, { reason });
}
