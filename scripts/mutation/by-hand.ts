/**
 * Mutants that no rule makes and that matter: a promise each, broken in the way that somebody would break it. They
 * belong to every run of their file.
 */
import type { Mutant } from "./mutants.ts";

export interface ByHand {
  /** The promise that it breaks. */
  readonly promise: string;
  readonly file: string;
  /** What stands in front of `from`, where that alone is there more than once. */
  readonly after?: string;
  /** A whole expression, or a statement with its semicolon; once in the file. */
  readonly from: string;
  readonly to: string;
}

export const BY_HAND: readonly ByHand[] = [
  {
    promise: "of two cookies of one session, the newer counts",
    file: "src/request/prove.ts",
    from: "verified.claims.generation > known.claims.generation",
    to: "verified.claims.generation < known.claims.generation",
  },
  {
    promise: "a dead cookie beside a live one is no candidate",
    file: "src/request/open.ts",
    from: 'typeof held !== "string" && !held.content.meta.tombstone && judge(context, held, openedAt) === "live"',
    to: "true",
  },
  {
    promise: "a replayed generation ends the session",
    file: "src/request/open.ts",
    from: 'if (context.onReuse === "revoke") await end(context.graveyard, identity.key, "reuse", held);',
    to: ";",
  },
  {
    promise: "an end follows the chain of successors",
    file: "src/record/tombstone.ts",
    from: "grave?.content.meta.tombstone?.successor",
    to: "undefined",
  },
  {
    promise: "a successor of another user is not followed",
    file: "src/record/tombstone.ts",
    from: "sameUser && tombstone.otherUser",
    to: "false",
  },
  {
    promise: "the commit waits for all updates, not for the last",
    file: "src/session/verb-queue.ts",
    from: "Promise.allSettled([this.#updates, work])",
    to: "Promise.allSettled([work])",
  },
  {
    promise: "the commit waits for what began while it waited",
    file: "src/request/commit.ts",
    from: "queue.pending.then(() => commit(session, options))",
    to: "queue.pending.then(() => finish(session, NO_HEADERS))",
  },
  {
    promise: "a write with touch: false is no use",
    file: "src/request/update-record.ts",
    from: "proof.mayTouch ? now : undefined",
    to: "now",
  },
  {
    promise: "an update with touch: false is no use",
    file: "src/session/update.ts",
    from: "proof.mayTouch ? context.clock() : undefined",
    to: "context.clock()",
  },
  {
    promise: "the last use never moves back",
    file: "src/record/lifetime.ts",
    from: "Math.max(usedAt, times.seenAt)",
    to: "usedAt",
  },
  {
    promise: "the grace of a predecessor does not slide",
    file: "src/request/update-record.ts",
    from: "current.successorSeenAt ?? now",
    to: "now",
  },
  {
    promise: "flash messages do not outlive a logout",
    file: "src/session/internals.ts",
    from: "this.#flash = new FlashMessages(this.context.carries);",
    to: ";",
  },
  {
    promise: "two managers have a session each of one request",
    file: "src/request/nested.ts",
    from: "found && found.by !== by",
    to: "false",
  },
  {
    promise: "a manager that lets go keeps the other's session",
    file: "src/request/nested.ts",
    from: "all.by === by",
    to: "true",
  },
  {
    promise: "the data is frozen while it is being written",
    file: "src/request/commit.ts",
    after: "// From here on, a change would come too late for what is being written.\n  ",
    from: "session.data.freeze();",
    to: ";",
  },
  {
    promise: "what is given to nobody is not frozen, and what was given is",
    file: "src/session/data.ts",
    from: "if (this.#exposed && this.#value) freeze(this.#value);",
    to: ";",
  },
  {
    promise: "Max-Age is rounded up, so that the cookie does not die before the session",
    file: "src/request/response-headers.ts",
    from: "Math.ceil((meta.endsAt - context.clock()) / 1_000)",
    to: "Math.floor((meta.endsAt - context.clock()) / 1_000)",
  },
  {
    promise: "a revoked key opens nothing",
    file: "src/token/opaque.ts",
    from: 'if (ring.isRevoked(kid)) return "revoked-key";',
    to: ";",
  },
  {
    promise: "a revoked key opens no seal",
    file: "src/token/sealed.ts",
    from: 'if (ring.isRevoked(kid)) return "revoked-key";',
    to: ";",
  },
  {
    promise: "a token is bound to the cookie's name",
    file: "src/token/opaque.ts",
    from: "message.set(place, SIGNED_BYTES);",
    to: ";",
  },
  {
    promise: "a seal is bound to application, purpose and cookie",
    file: "src/token/sealed.ts",
    from: "[FORMAT, kid, audience, purpose, place]",
    to: "[FORMAT, kid, purpose]",
  },
  {
    promise: "remembered data is not shared between requests",
    file: "src/token/verify.ts",
    from: "encoded.slice()",
    to: "encoded",
  },
  {
    promise: "a token proves nothing for another session's secret",
    file: "src/csrf/token.ts",
    from: "platform.equal(found, secret)",
    to: "true",
  },
  {
    promise: "an async trustedOrigins trusts nobody",
    file: "src/csrf/policy.ts",
    from: "trusts(origin) === true",
    to: "!!trusts(origin)",
  },
  {
    promise: "a handshake is checked like an unsafe method",
    file: "src/csrf/origin.ts",
    from: "isUpgrade(source) || isPolling(source)",
    to: "false",
  },
  {
    promise: "a link ends when it says",
    file: "src/transport/signed-link.ts",
    from: "genuine && now < Number(link.expires) * 1_000",
    to: "genuine",
  },
  {
    promise: "a login counts from when its request arrived",
    file: "src/session/lifecycle.ts",
    from: "if (since === undefined) return arrivedAt;",
    to: "if (since === undefined) return context.clock();",
  },
  {
    promise: "a rotation does not prolong the session",
    file: "src/session/lifecycle.ts",
    from: "{ ...before.content.meta, generation: 0, rotatedAt: context.clock(), successorSeenAt: undefined }",
    to: "{ ...before.content.meta, ...freshMeta(context, context.clock()) }",
  },
  {
    promise: "a login's own idle limit does not exceed the manager's",
    file: "src/record/lifetime.ts",
    from: "own === undefined || own >= general.idle",
    to: "own === undefined",
  },
];

/** @throws Error When the text is not there once: the source has changed, and the mutant has to be written anew. */
export function byHand(file: string, source: string): readonly Mutant[] {
  return BY_HAND.filter((one) => one.file === file).map(({ promise, after = "", from, to }) => {
    const found = source.indexOf(after + from);
    if (found === -1 || source.includes(after + from, found + 1))
      throw new Error(`${file}: expected once what the mutant "${promise}" changes: ${from}`);
    const start = found + after.length;
    return {
      line: source.slice(0, start).split("\n").length,
      from,
      to,
      code: promise,
      place: { start, end: start + from.length, kind: from.endsWith(";") ? "statement" : "expression" },
      text: to,
    };
  });
}
