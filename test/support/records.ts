import type { Clock } from "../../src/clock.ts";
import type { SessionRecord } from "../../src/record.ts";

/** Makes records that live for an hour from now on, but for the changes. */
export function recordsAt(
  clock: Clock,
  defaults: Partial<SessionRecord> = {},
): (changes?: Partial<SessionRecord>) => SessionRecord {
  return (changes = {}) => ({
    payload: "data",
    createdAt: clock(),
    seenAt: clock(),
    expiresAt: clock() + 3_600_000,
    ...defaults,
    ...changes,
  });
}
