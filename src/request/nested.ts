/**
 * Who, further out, has opened the session of a request and will commit it: whoever is asked again for the same
 * request, inside of that, hands the session on and leaves the rest to them, or the response would get every header
 * twice.
 */

import { AttachedMap } from "../attached-map.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../sessions.ts";
import { type RequestLike, sourceOf } from "../transport/source.ts";
import { byRelative } from "./request-key.ts";
import { runningSession } from "./running.ts";

interface Taken {
  /** Whose session it is: a function of the sessions, which copies of that object share. */
  readonly by: object;
  readonly session: Session<object>;
  /** Of other sessions. */
  readonly others: Taken | undefined;
}

const taken = new AttachedMap<Taken>();

/**
 * The session of a request that somebody has in hand: under the same key, under the request that this one is a copy of
 * or wrapped around or, with `sojourn/context`, as the request that is running.
 *
 * @example
 * ```ts
 * import { inHand, runRequest } from "sojourn/adapter";
 *
 * await runRequest(sessions, request, (session) => {
 *   inHand(sessions, request) === session; // → true
 *   return new Response();
 * });
 * ```
 */
export function inHand<Data extends object>(
  sessions: Sessions<Data>,
  request: RequestLike,
  key: object = request,
): Session<Data> | undefined {
  const by = sessions.open;
  const session = takenBy(by, key) ?? byRelative(request, (relative) => takenBy(by, relative));
  return (session ?? runningSession(by, () => sourceOf(request))) as Session<Data> | undefined;
}

function takenBy(by: object, key: object): Session<object> | undefined {
  let found = taken.get(key);
  while (found && found.by !== by) found = found.others;
  return found?.session;
}

export function takeInHand<Data extends object>(
  sessions: Sessions<Data>,
  request: object,
  session: Session<Data>,
): void {
  taken.set(request, { by: sessions.open, session: session as Session<object>, others: taken.get(request) });
}

/** The response is over to whoever asked for it. */
export function letGo<Data extends object>(sessions: Sessions<Data>, request: object): void {
  taken.set(request, without(taken.get(request), sessions.open));
}

/**
 * Whoever took it last lets go first, as a rule: a handler that nobody waits for is still at it when the outer one ends.
 */
function without(all: Taken | undefined, by: object): Taken | undefined {
  if (!all) return undefined;
  return all.by === by ? all.others : { ...all, others: without(all.others, by) };
}
