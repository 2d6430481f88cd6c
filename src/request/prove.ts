/**
 * read and verify: which of the values that a request carries were made by us. No store is asked.
 */

import { type Awaitable, chain } from "../awaitable.ts";
import type { Context } from "../context.ts";
import type { RejectReason } from "../events.ts";
import type { SessionKey } from "../record.ts";
import type { Verified } from "../token/verify.ts";
import { type RequestSource, signsLinks, type Transport } from "../transport/transport.ts";
import { verifiedLink } from "./links.ts";

/** A value whose tag was checked, and the transport that it came by. */
export interface Candidate extends Verified {
  readonly transport: Transport;
}

/** Several cookies of one name, each with a tag of ours. */
export interface Several {
  readonly several: readonly Candidate[];
}

/** read and verify. The usual case goes without a promise: one transport, and one value or none. */
export function prove(
  context: Context,
  source: RequestSource,
): Awaitable<Candidate | Several | RejectReason | undefined> {
  const { transports, verify } = context;
  const [transport] = transports;
  if (transports.length > 1 || signsLinks(transport)) return proveAny(context, source);
  const values = transport.read(source);
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) return proveAny(context, source);
  return chain(verify(value), (verified) =>
    typeof verified === "string" ? verified : candidateOf(transport, verified),
  );
}

/** Every candidate of a transport is considered; which of several is live, the store knows. */
async function proveAny(
  context: Context,
  source: RequestSource,
): Promise<Candidate | Several | RejectReason | undefined> {
  let reason: RejectReason | undefined;
  for (const transport of context.transports) {
    const values = signsLinks(transport) ? await linkValues(context, transport, source) : transport.read(source);
    if (values === "link") {
      reason = values;
      continue;
    }
    const byKey = new Map<SessionKey, Candidate>();
    for (const value of values) {
      const verified = await context.verify(value);
      if (typeof verified === "string") {
        reason = verified;
        continue;
      }
      const { key } = verified.identity;
      const known = byKey.get(key);
      if (!known || verified.claims.generation > known.claims.generation)
        byKey.set(key, candidateOf(transport, verified));
    }
    const [first, second] = byKey.values();
    if (first) return second ? { several: [...byKey.values()] } : first;
  }
  return reason;
}

function candidateOf(transport: Transport, { claims, identity, encoded }: Verified): Candidate {
  return { transport, claims, identity, encoded };
}

/** A token in an address counts only when the address is a link that the application signed. */
async function linkValues(
  context: Context,
  transport: Parameters<typeof verifiedLink>[1],
  source: RequestSource,
): Promise<readonly string[] | "link"> {
  if (transport.read(source).length === 0) return [];
  const value = await verifiedLink(context, transport, source);
  return value === null ? "link" : [value];
}
