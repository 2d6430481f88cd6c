/**
 * How a session stays under its key while all others of its user are ended. Where a store has no single step for it,
 * another request of the same browser could have put a successor in its place by then: that would be ended, and this
 * one be a tombstone.
 */
import { SessionError } from "../errors.ts";
import type { SessionKey } from "../record.ts";
import type { Held, Next } from "./held.ts";
import type { Records } from "./records.ts";

/** For so long at most a session is spared: a process that stops in between holds up nobody for longer. */
const SPARED_MS = 10_000;

interface Spares {
  readonly records: Records;
  readonly clock: () => number;
}

/** @throws SOJOURN_CONFLICT while the session is being spared. */
export function assertNotSpared({ clock }: Pick<Spares, "clock">, { content: { meta } }: Held): void {
  if (meta.sparedUntil === undefined || clock() >= meta.sparedUntil) return;
  throw new SessionError(
    "SOJOURN_CONFLICT",
    "The user's other sessions were being ended while this one was to get a new id; it keeps the old one. Try the " +
      "request again.",
  );
}

/**
 * Runs the work while the session keeps its key. Undefined, and nothing done, when the session is not there any more.
 */
export async function sparing<T>(
  { records, clock }: Spares,
  key: SessionKey,
  start: Held,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (records.replaces) return work();
  const until = clock() + SPARED_MS;
  const marked = await records.write(key, start, (current) => markedUntil(current, until));
  if (marked.status === "gone") return undefined;
  try {
    return await work();
  } finally {
    // A mark that cannot be taken away lasts for its ten seconds.
    await unmark(records, key, marked.held).catch(() => undefined);
  }
}

async function unmark(records: Records, key: SessionKey, marked: Held): Promise<void> {
  const { sparedUntil } = marked.content.meta;
  await records.write(key, marked, (current) =>
    current.content.meta.sparedUntil === sparedUntil ? markedUntil(current, undefined) : undefined,
  );
}

function markedUntil({ times, content }: Held, sparedUntil: number | undefined): Next {
  return { times, content: { ...content, meta: { ...content.meta, sparedUntil } } };
}
