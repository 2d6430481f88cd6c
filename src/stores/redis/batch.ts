/**
 * The two verbs of nearly every request, `get` and `update`, over a single server: those of one moment become one
 * command.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { Gather } from "../parts/batch.ts";
import type { UpdateResult } from "../store.ts";
import { digit } from "./answer.ts";
import { compareAndSet, resultOf, termsOf } from "./compare.ts";
import type { Keyspace } from "./keyspace.ts";
import { updateMany } from "./scripts.ts";
import { encode, nextVersion } from "./value.ts";

/** Reads of one command at most: as many as are usually under way. */
const MOST = 64;

/** Characters of a payload from which on a record goes alone: nothing is gained, and the others would wait for it. */
const LARGE = 16_384;

/**
 * What a server says that may carry out less of several keys, or of more memory, than of one; it has done nothing then.
 */
const isOfOne = (error: unknown): boolean =>
  /^(?:OOM|NOPERM|CROSSSLOT|READONLY|MISCONF|NOREPLICAS)\b/.test(String((error as Error | undefined)?.message));

/** `null` when there is no such record, as `get` answers. */
export type Reads = Gather<SessionKey, StoredRecord | null>;

export function gatherReads(space: Keyspace): Reads {
  return new Gather<SessionKey, StoredRecord | null>({
    most: MOST,
    one: (key) => space.get(key),
    many: (keys) => space.getMany(keys),
    isOfOne,
  });
}

interface Change {
  readonly key: SessionKey;
  readonly record: SessionRecord;
  readonly expected: Version;
}

export class Updates {
  readonly #space: Keyspace;
  readonly #gather: Gather<Change, UpdateResult>;

  constructor(space: Keyspace) {
    this.#space = space;
    this.#gather = new Gather<Change, UpdateResult>({
      one: (change) => this.#one(change),
      many: (changes) => this.#many(changes),
      isOfOne,
    });
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    const change = { key, record, expected };
    return record.payload.length < LARGE ? this.#gather.ask(change) : this.#one(change);
  }

  flush(): void {
    this.#gather.flush();
  }

  #one({ key, record, expected }: Change): Promise<UpdateResult> {
    return compareAndSet(this.#space, key, record, expected, "kept") as Promise<UpdateResult>;
  }

  async #many(changes: readonly Change[]): Promise<readonly (UpdateResult | undefined)[]> {
    const { layout, clock } = this.#space;
    const now = clock();
    const names: string[] = [];
    const args: string[] = [];
    const versions: number[] = [];
    for (const { key, record, expected } of changes) {
      const version = nextVersion();
      versions.push(version);
      names.push(layout.record(key));
      args.push(termsOf(record, expected, "kept", now), encode(record, version));
    }
    const answers = (await updateMany.run(this.#space, names, args)) as readonly unknown[];
    // 3 is one that failed, and fails alone as it should.
    return versions.map((version, at) => (digit(answers[at]) === 3 ? undefined : resultOf(answers[at], version, now)));
  }
}
