/**
 * Links that carry a session, for clients without cookies: signed here, and believed only when they verify.
 */

import type { Context } from "../context.ts";
import { type Duration, milliseconds } from "../duration.ts";
import { SessionError } from "../errors.ts";
import type { Content } from "../record/payload.ts";
import { type Session, stateOf } from "../session/session.ts";
import { newIdentity } from "../token/identity.ts";
import { type LinkTransport, type RequestSource, signsLinks } from "../transport/transport.ts";

/** The key's derivation for links. The token in the link names the key: it was made with the same one. */
const PURPOSE = "link";

/** The value in a request's link when the application signed that link and it has not expired; else null. */
export async function verifiedLink(
  context: Context,
  transport: LinkTransport,
  source: RequestSource,
): Promise<string | null> {
  const [value] = transport.read(source);
  const kid = value === undefined ? undefined : context.bearer.kidOf(value);
  const key = kid === undefined ? undefined : context.ring.find(kid);
  return key ? transport.verify(source, context.clock(), await key.mac(PURPOSE)) : null;
}

/** Adds the session to a link; an anonymous session is stored for it by the commit. */
export async function linkTo(
  context: Context,
  session: Session<object>,
  href: string,
  expiresIn: Duration,
): Promise<string> {
  const transport = context.transports.find(signsLinks);
  if (!transport) {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "Cannot sign a link: give `transports` with urlTransport() from sojourn/transports/url.",
    );
  }
  const state = stateOf(session);
  if (!state.source) {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "Cannot sign a link: the session was reached by its id, and only the client's own request has the token.",
    );
  }
  if (!state.held && state.committed)
    throw new SessionError(
      "SOJOURN_COMMITTED",
      "Cannot sign a link: the session was not stored before the response began.",
    );
  state.identity ??= await newIdentity();
  state.keep = true;
  const { clock, bearer, shape, ring, lifetime } = context;
  const now = clock();
  const expiresAt = now + milliseconds("expiresIn", expiresIn, 1_000);
  const content: Content = state.held?.content ?? {
    meta: { generation: 0, endsAt: now + lifetime.lifetime, rotatedAt: now },
    encoded: shape.initialEncoded,
  };
  const record = state.held?.times ?? { createdAt: now, seenAt: now, expiresAt: now + lifetime.idle };
  const value = await bearer.issue({ identity: state.identity, content, record });
  return transport.sign(href, value, expiresAt, await ring.active.mac(PURPOSE));
}
