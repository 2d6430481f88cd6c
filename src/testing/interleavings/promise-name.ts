/**
 * The names of what the interleavings hold a run against, as a report and an exception for a known gap have them.
 */

/** What is promised, in a few words each. */
export type PromiseName =
  | "a failure is told by its own status"
  | "nobody waits for ever"
  | "what was acknowledged was kept"
  | "what was acknowledged is there"
  | "what ended stays ended"
  | "revokeOthers leaves exactly one"
  | "nobody else is logged in or out"
  | "the session's data stays"
  | "no data of another user"
  | "one browser has one session"
  | "a use is remembered"
  | "a request that was live is not refused"
  | "nobody is taken for a thief"
  | "the limit is exact";
