/**
 * The part of a Redis store that a single server and a Cluster do differently: the interface that both implement, and
 * the types of what it is told.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import type { Admission, AdmitResult, Epoch, Replaced, ReplaceResult, UpdateResult } from "../store.ts";

export type UserRecord = SessionRecord & { readonly userId: string };

/** What `deleteAll` is told, with every default filled in. */
export interface Revocation {
  readonly except: SessionKey | undefined;
  readonly limit: number;
  readonly at: number;
}

/** What a single server does in one script, or in one command for several callers, and a Cluster in steps. */
export interface Users {
  get(key: SessionKey): Promise<StoredRecord | null>;
  create(key: SessionKey, record: SessionRecord): Promise<Version | null>;
  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult>;
  /** `update`, told as an end. */
  end(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult>;
  delete(key: SessionKey): Promise<boolean>;
  epoch(userId: string): Promise<Epoch>;
  admit(key: SessionKey, record: UserRecord, admission: Admission): Promise<AdmitResult>;
  /** Absent where the two records are in different slots. */
  replace?(
    key: SessionKey,
    record: SessionRecord,
    old: Replaced,
    admission: Admission | undefined,
  ): Promise<ReplaceResult>;
  deleteAll(userId: string, revocation: Revocation): Promise<readonly SessionKey[] | null>;
  /** Takes members out of a user's index whose records were found to be gone. */
  heal(userId: string, members: readonly string[]): Promise<void>;
  /** Moves everybody's epoch, and its instant. */
  moveEverybody(at: number): Promise<void>;
  /** Ends these sessions; answers with those that were live. */
  deleteMany(keys: readonly SessionKey[]): Promise<readonly SessionKey[]>;
  /** Sends what waits to go with others. */
  flush(): void;
}
