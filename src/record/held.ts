/**
 * A record as this process last saw it.
 */
import type { SessionKey, SessionRecord, Version } from "../record.ts";
import type { Content } from "./payload.ts";

/** The record without its payload. */
export type Times = Omit<SessionRecord, "payload">;

/** What the store has, as far as this request knows. */
export interface Held {
  readonly times: Times;
  readonly version: Version;
  readonly content: Content;
}

/** The same, with the key that it is at. */
export interface HeldAt {
  readonly key: SessionKey;
  readonly held: Held;
}

/** What is to be written: a record that has no version yet. */
export interface Next {
  readonly times: Times;
  readonly content: Content;
}
