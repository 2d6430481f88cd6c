/**
 * The file format of a recorded history: JSON lines, one event a line.
 *
 * ```text
 * {"type":"invoke","id":"c1:1","client":"c1","time":1767225600000.1,"op":"create","key":"s1","value":"a"}
 * {"type":"ok","id":"c1:1","client":"c1","time":1767225600000.9,"value":true}
 * {"type":"invoke","id":"c2:1","client":"c2","time":1767225600001.2,"op":"delete","key":"s1"}
 * {"type":"unknown","id":"c2:1","client":"c2","time":1767225600003.4,"reason":"timeout"}
 * ```
 *
 * Files of several processes may be joined in any order: events are put in order by `time`.
 */

/**
 * What a session holds, or the part of it that is watched. Absence is `null` and never a value. Where writes
 * compare, let every write be of a value of its own, for then no lost one can hide behind another.
 */
export type HistoryValue = string | number | boolean;

/**
 * What a client asked for. `key` names a session: any text, chosen before the call, so that a login whose answer is
 * lost has one too. A key is created once. Where two fields of a session are watched, give each its own key, and log a
 * delete for both.
 */
export type HistoryCall =
  /** Inserts, with what the session then holds. Answers `true`, or `false` where one is there already. */
  | {
      readonly op: "create";
      readonly key: string;
      readonly value: HistoryValue;
      /** Whose it is: who may end it with `revokeUser`. */
      readonly user?: string | undefined;
    }
  /** As `create`, for a user; a refused login is a `fail`. `begun` may tell that it has read the user's epoch. */
  | {
      readonly op: "login";
      readonly key: string;
      readonly user: string;
      /** What the session holds; default `true`. */
      readonly value?: HistoryValue | undefined;
      /**
       * The user's number of sessions is limited: it may end any other session of the user, unless the answer names
       * which.
       */
      readonly mayEvict?: boolean | undefined;
    }
  /** Answers with the value, or `null` where there is no session. */
  | { readonly op: "read"; readonly key: string }
  /** Whether the session is accepted, whatever it holds. Answers `true` or `false`. */
  | { readonly op: "valid"; readonly key: string }
  /** Replaces the value, whatever it was. Answers `true`, or `false` where there is no session. */
  | { readonly op: "write"; readonly key: string; readonly value: HistoryValue }
  /** Answers `"ok"`, `"conflict"` or `"gone"`. */
  | {
      readonly op: "compareAndSet";
      readonly key: string;
      readonly expected: HistoryValue;
      readonly value: HistoryValue;
    }
  /** Adds `by` (default 1) to a number. Answers with the sum, or `null` where there is no session. */
  | { readonly op: "increment"; readonly key: string; readonly by?: number | undefined }
  /** Logout, `destroy`, `revoke(id)`. Answers whether one was there. */
  | { readonly op: "delete"; readonly key: string }
  /** Ends what a user has but `except`. What it answers is not judged. */
  | { readonly op: "revokeUser"; readonly user: string; readonly except?: string | undefined }
  /** Ends everything. What it answers is not judged. */
  | { readonly op: "revokeAll" };

/** What a client was told. Without a `value`: that it was done, and nothing of what was found. */
export interface HistoryAnswer {
  readonly value?: HistoryValue | null | undefined;
  /** With the value `"conflict"`: what the session holds, where that was told. */
  readonly current?: HistoryValue | undefined;
  /** Of a `login`: the keys of the sessions that it ended to keep the limit. */
  readonly evicted?: readonly string[] | undefined;
}

/** What every event has. */
interface Stamp {
  /** Names the call; no two calls of a history have the same. */
  readonly id: string;
  readonly client: string;
  /**
   * Milliseconds, with fractions, of a clock that never goes back and that all clients share. When it is off by up to
   * some milliseconds between them, say so to `checkHistory` (`skew`).
   */
  readonly time: number;
}

/** The call was made. */
export type InvokeEvent = Stamp & { readonly type: "invoke" } & HistoryCall;

/** A login is under way so far that a revocation from here on must end it: it knows the user's epoch. Optional. */
export interface BegunEvent extends Stamp {
  readonly type: "begun";
}

/** The answer came. */
export interface OkEvent extends Stamp, HistoryAnswer {
  readonly type: "ok";
}

/** It certainly did not happen, and never will: refused, rolled back, never sent. */
export interface FailEvent extends Stamp {
  readonly type: "fail";
  readonly reason?: string | undefined;
}

/**
 * Nobody knows: the answer was lost. It may have happened, may happen at any later time, or never. A call without
 * any answer in the file counts as one.
 */
export interface UnknownEvent extends Stamp {
  readonly type: "unknown";
  readonly reason?: string | undefined;
}

/** One line of a history. */
export type HistoryEvent = InvokeEvent | BegunEvent | OkEvent | FailEvent | UnknownEvent;
