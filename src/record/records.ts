/**
 * The one loop that writes an existing record: build from what is held, compare-and-set, and on a
 * conflict build again from the winner. Bounded.
 */
import type { Context } from "../context.ts";
import { chain, isPromise } from "../crypto/awaitable.ts";
import type { Awaitable } from "../crypto/platform.ts";
import { SessionError } from "../errors.ts";
import type { SessionKey, StoredRecord } from "../record.ts";
import type { Held, Times } from "./held.ts";
import { type Content, toFormat } from "./payload.ts";

/** Losing this often takes hundreds of processes on one session: somebody is better told than kept waiting. */
export const MOST_ATTEMPTS = 64;

/** What to write; undefined to leave the record as it is. */
export type Build = (current: Held) => Awaitable<Next | undefined>;

export interface Next {
  readonly times: Times;
  readonly content: Content;
}

/** `gone` also stands for a tombstone, which is then in `held`. `kept` means that `build` wanted nothing written. */
export type Outcome =
  | { readonly status: "ok" | "kept"; readonly held: Held; readonly attempts: number }
  | { readonly status: "gone"; readonly held: Held | undefined };

export async function compareAndSet(context: Context, key: SessionKey, start: Held, build: Build): Promise<Outcome> {
  let winner = start;
  let attempts = 1;
  if (!context.lane.busy(key)) {
    const first = await attempt(context, key, start, build, attempts);
    if (first.status !== "conflict") return first;
    winner = first.held;
    attempts += 1;
  }
  return context.lane.run(key, async () => {
    for (; attempts <= MOST_ATTEMPTS; attempts++) {
      const result = await attempt(context, key, winner, build, attempts);
      if (result.status !== "conflict") return result;
      winner = result.held;
    }
    throw tooManyConflicts();
  });
}

export function tooManyConflicts(): SessionError {
  return new SessionError(
    "SOJOURN_CONFLICT",
    `The session changed ${MOST_ATTEMPTS} times while it was being saved; nothing was saved. Try the request again.`,
  );
}

type Attempt = Outcome | { readonly status: "conflict"; readonly held: Held };

async function attempt(
  context: Context,
  key: SessionKey,
  current: Held,
  build: Build,
  attempts: number,
): Promise<Attempt> {
  if (current.content.meta.tombstone) return { status: "gone", held: current };
  const built = build(current);
  const next = isPromise(built) ? await built : built;
  if (!next) return { status: "kept", held: current, attempts };
  const written = writePayload(context, key, next.content);
  const payload = isPromise(written) ? await written : written;
  const result = await context.ask("update", () =>
    context.store.update(key, { ...next.times, payload }, current.version),
  );
  if (result.status === "ok") return { status: "ok", held: { ...next, version: result.version }, attempts };
  if (result.status === "gone") return { status: "gone", held: undefined };
  const held = await readHeld(context, key, result.current);
  return held ? { status: "conflict", held } : { status: "gone", held: undefined };
}

/** The payload for the store: without the data where that travels in the cookie. */
export function writePayload(context: Context, key: SessionKey, content: Content): Awaitable<string> {
  // All of it is in the cookie.
  if (context.mode === "stateless") return "";
  return context.payload.write(
    key,
    context.bearer.carries === "nothing" ? content : { meta: content.meta, encoded: "" },
  );
}

/** What a stored record says; null when its payload is damaged or belongs to another key. */
export function readHeld(context: Context, key: SessionKey, stored: StoredRecord): Awaitable<Held | null> {
  const { payload, version, userId, createdAt, seenAt, expiresAt } = stored;
  return chain(context.payload.read(key, payload), (content) => {
    if (!content) return null;
    const encoded = content.encoded === "" ? context.shape.initialEncoded : toFormat(context.codec, content.encoded);
    if (encoded === null) return null;
    return { times: { userId, createdAt, seenAt, expiresAt }, version, content: { meta: content.meta, encoded } };
  });
}

/** What the store has now; undefined when there is nothing, or nothing that can be read. */
export async function look(context: Context, key: SessionKey): Promise<Held | undefined> {
  const stored = await context.ask("get", () => context.store.get(key));
  return (stored && (await readHeld(context, key, stored))) ?? undefined;
}
