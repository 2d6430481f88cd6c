/**
 * What objects ask each other, and what they are told for it: everything that an object can be asked, as types.
 */
import type { SessionKey } from "../../../record.ts";
import type { Admission, AdmitResult } from "../../store.ts";
import type { ShardVerbs } from "./shard-verbs.ts";
import type { ObjectVerbs, UserRecord } from "./verbs.ts";

/** Where the objects of a store are. */
export interface Place {
  readonly name: string;
  readonly shards: number;
  readonly locationHint?: string | undefined;
}

/** A login with a limit, where a user's sessions are in several objects. */
export interface LimitedAdmission {
  readonly key: SessionKey;
  readonly record: UserRecord;
  readonly admission: Admission;
  /** The objects, of which the one that is asked is the user's. */
  readonly place: Place;
}

/** The end of a user's sessions but one, where they are in several objects. */
export interface SparingEnd {
  readonly userId: string;
  readonly except: SessionKey;
  readonly limit: number;
  readonly at: number;
  /** The objects, of which the one that is asked is the user's. */
  readonly place: Place;
}

/** What an object does that asks other objects, and so is no transaction of its own. */
export interface WideVerbs {
  admitWithin(admission: LimitedAdmission): AdmitResult;
  endWithin(end: SparingEnd): readonly SessionKey[] | null;
}

/** Everything that an object can be asked. */
export interface AllVerbs extends ObjectVerbs, ShardVerbs, WideVerbs {}

/** Asks an object by its number: this one, or another. */
export type Answers = <Verb extends keyof AllVerbs>(
  index: number,
  verb: Verb,
  ...args: Parameters<AllVerbs[Verb]>
) => Promise<ReturnType<AllVerbs[Verb]>>;

export interface Surroundings {
  readonly ask: Answers;
  readonly all: readonly number[];
  readonly own: number;
  of(text: string): number;
}
