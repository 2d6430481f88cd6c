/**
 * What travels: the value in the cookie, header or URL. Two kinds, by where the data is: an opaque
 * token, or a sealed cookie that carries the data (tracked) or the whole record (stateless).
 */
import type { Awaitable } from "../awaitable.ts";
import type { RejectReason } from "../events.ts";
import type { Times } from "../record/held.ts";
import type { Content, Encoded } from "../record/payload.ts";
import type { Identity } from "./identity.ts";

/** What a value proves, once its tag was checked. */
export interface Claims {
  readonly id: Uint8Array;
  readonly generation: number;
  /** Made with a key that is no longer the active one, or by an older release: exchanged soon. */
  readonly outdated: boolean;
  /** Sealed modes: the data, and in stateless mode the record's times and meta. */
  readonly encoded?: Encoded | undefined;
  readonly record?: Times | undefined;
  readonly meta?: Content["meta"] | undefined;
  /** Tracked mode: the version of the data's shape, which goes with the data and not with the record. */
  readonly version?: number | undefined;
}

/** What a value is made of. */
export interface Issue {
  readonly identity: Identity;
  readonly content: Content;
  readonly record: Times;
}

export interface Bearer {
  /** The claims, or why not. Nothing in the value is believed before the tag is checked; never throws on a value. */
  read(value: string): Awaitable<Claims | RejectReason>;
  issue(issue: Issue): Awaitable<string>;
  /** The number of the key that a value says it was made with; nothing is proved by it. */
  kidOf(value: string): number | undefined;
  /** Which part of the content is in the value, so that a change of it needs a new value. */
  readonly carries: "nothing" | "data" | "everything";
}
