/**
 * The session of the request that is running, for services that are not handed one.
 *
 * Importing this module is what switches it on: from then on every adapter runs the application inside an
 * `AsyncLocalStorage`. It needs `node:async_hooks` (Node, Bun, Deno, Workers with `nodejs_als`).
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { SessionError } from "../errors.ts";
import type { Session, Sessions } from "../index.ts";
import { type Frame, frameStorage, runningFrame } from "../request/running.ts";

frameStorage(() => new AsyncLocalStorage<Frame | undefined>());

/**
 * The session of the request that is running; undefined outside of one, and where the adapter cannot run the
 * application (`openSession` of `sojourn/node`, which only hands it a session).
 *
 * @example
 * ```ts
 * import { currentSession } from "sojourn/context";
 *
 * function theme(): string {
 *   return currentSession(sessions)?.data.theme ?? "light";
 * }
 * ```
 */
export function currentSession<Data extends object>(sessions: Sessions<Data>): Session<Data> | undefined {
  return runningFrame(sessions.open)?.session as Session<Data> | undefined;
}

/**
 * The same, for code that cannot do without.
 *
 * @throws SOJOURN_UNSUPPORTED outside of a request.
 * @example
 * ```ts
 * import { requireSession } from "sojourn/context";
 *
 * async function addToCart(sku: string): Promise<void> {
 *   await requireSession(sessions).update((data) => void data.cart.push({ sku, quantity: 1 }));
 * }
 * ```
 */
export function requireSession<Data extends object>(sessions: Sessions<Data>): Session<Data> {
  const session = currentSession(sessions);
  if (session) return session;
  throw new SessionError(
    "SOJOURN_UNSUPPORTED",
    "There is no session here: no request is running, or its adapter came before `sojourn/context` was imported.",
  );
}
