/**
 * The loop that writes an existing record: build from what is held, compare-and-set, and on a conflict build again from
 * the winner. Bounded.
 */
import { type Awaitable, chain, isPromise } from "../awaitable.ts";
import { SessionError } from "../errors.ts";
import type { SessionKey } from "../record.ts";
import type { Held, Next } from "./held.ts";
import type { KeyQueue } from "./queue.ts";

/** A process that loses this often shares the session with hundreds: it is better told than kept waiting. */
export const MOST_ATTEMPTS = 64;

/** What to write; undefined to leave the record as it is. */
export type Build = (current: Held) => Awaitable<Next | undefined>;

/** `gone` also stands for a tombstone, which is then in `held`. `kept` means that `build` wanted nothing written. */
export type Outcome =
  | { readonly status: "ok" | "kept"; readonly held: Held; readonly attempts: number }
  | { readonly status: "gone"; readonly held: Held | undefined };

export type Attempt = Outcome | { readonly status: "conflict"; readonly held: Held };

/** Without a promise where the store gives none and nobody else is at the key. */
export function compareAndSet(
  queue: KeyQueue,
  key: SessionKey,
  start: Held,
  attempt: (current: Held, attempts: number) => Awaitable<Attempt>,
): Awaitable<Outcome> {
  if (queue.busy(key)) return queue.run(key, () => repeat(start, 1, attempt));
  return chain(attempt(start, 1), (first) =>
    first.status === "conflict" ? queue.run(key, () => repeat(first.held, 2, attempt)) : first,
  );
}

async function repeat(
  start: Held,
  from: number,
  attempt: (current: Held, attempts: number) => Awaitable<Attempt>,
): Promise<Outcome> {
  let winner = start;
  for (let attempts = from; attempts <= MOST_ATTEMPTS; attempts++) {
    const tried = attempt(winner, attempts);
    const result = isPromise(tried) ? await tried : tried;
    if (result.status !== "conflict") return result;
    winner = result.held;
  }
  throw tooManyConflicts();
}

export function tooManyConflicts(): SessionError {
  return new SessionError(
    "SOJOURN_CONFLICT",
    `The session changed ${MOST_ATTEMPTS} times while it was being saved; nothing was saved. Try the request again.`,
  );
}
