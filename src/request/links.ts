/**
 * Links that carry a session, for clients without cookies: signed here, and believed only when they verify.
 */

import type { Context } from "../context.ts";
import * as base64url from "../crypto/base64url.ts";
import type { Key } from "../crypto/keyring.ts";
import { decode as decodeUtf8, encode as encodeUtf8 } from "../crypto/utf8.ts";
import { hostOf } from "../csrf/origin.ts";
import { type Duration, milliseconds } from "../duration.ts";
import { invalidOption, SessionError } from "../errors.ts";
import type { Content } from "../record/payload.ts";
import { assertKept, replaced } from "../session/guards.ts";
import { internalsOf, type Session } from "../session/session.ts";
import { type Identity, newIdentity } from "../token/identity.ts";
import { type LinkTransport, type RequestSource, signsLinks } from "../transport/transport.ts";

/** The key's derivations for links, one for the signature and one for the seal. */
const PURPOSE = "link";
const BINDING = encodeUtf8("sojourn:link:v1");

/** The value in a request's link when the application signed that link and it has not expired; else null. */
export async function verifiedLink(
  context: Context,
  transport: LinkTransport,
  source: RequestSource,
): Promise<string | null> {
  const [pass] = transport.read(source);
  const kid = pass === undefined ? undefined : base64url.decode(pass.slice(0, 4))?.[0];
  const key = kid === undefined ? undefined : context.ring.find(kid);
  const verified = key && (await transport.verify(source, context.clock(), await key.mac(PURPOSE)));
  return key && verified ? opened(key, verified) : null;
}

/**
 * What a link carries: the session's value, sealed for links alone. Read from a log it is neither a cookie nor a
 * bearer's token, and it opens nothing without the address and the signature beside it.
 */
async function sealed(key: Key, value: string): Promise<string> {
  const xaes = await key.xaes(PURPOSE);
  const box = await xaes.seal(encodeUtf8(value), BINDING, 1);
  box[0] = key.kid;
  return base64url.encode(box);
}

async function opened(key: Key, pass: string): Promise<string | null> {
  const box = base64url.decode(pass);
  const xaes = await key.xaes(PURPOSE);
  const plain = box && (await xaes.open(box.subarray(1), BINDING));
  return plain ? decodeUtf8(plain) : null;
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
  const internals = internalsOf(session);
  if (!internals.proof.source) {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "Cannot sign a link: the session was reached by its id, and only the client's own request has the token.",
    );
  }
  if (!internals.held && internals.response.committed)
    throw new SessionError(
      "SOJOURN_COMMITTED",
      "Cannot sign a link: the session was not stored before the response began.",
    );
  assertKept(internals);
  assertOwn(context, internals.proof.source, href);
  if (!internals.identity) internals.name(await newIdentity());
  const identity = internals.identity as Identity;
  if (identity.id.length === 0) throw replaced();
  if (!internals.held) internals.keepEmpty();
  const { clock, bearer, shape, ring, lifetime } = context;
  const now = clock();
  const expiresAt = now + milliseconds("expiresIn", expiresIn, 1_000);
  const content: Content = internals.held?.content ?? {
    meta: { generation: 0, endsAt: now + lifetime.lifetime, rotatedAt: now },
    encoded: shape.initialEncoded,
  };
  const record = internals.held?.times ?? { createdAt: now, seenAt: now, expiresAt: now + lifetime.idle };
  const value = await bearer.issue({ identity, content, record });
  return transport.sign(href, await sealed(ring.active, value), expiresAt, await ring.active.mac(PURPOSE));
}

/**
 * A whole address must be one of this application, or whoever chose it is handed the session.
 *
 * @throws SOJOURN_INVALID_OPTION
 */
function assertOwn({ csrf }: Context, source: RequestSource, href: string): void {
  // Paths, and what is no link, are told apart when it is signed.
  if (!/^https?:/i.test(href) || !URL.canParse(href)) return;
  const { origin, host } = new URL(href);
  const own = csrf && csrf.origins.size > 0 ? csrf.origins.has(origin) : host === hostOf(source);
  if (!own)
    throw invalidOption(
      "href",
      origin,
      "a path, or an address of this application: of the host that was asked, or of `csrf.origin` where that is given",
    );
}
