/**
 * The verbs over a single server, where one script reaches the records and the indexes alike; those of a Cluster are
 * in `cluster/users.ts`. What both tell their scripts of a record is here.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { fromText, toText } from "../parts/text.ts";
import { firstVersion } from "../parts/version.ts";
import type { Admission, AdmitResult, Epoch, Replaced, ReplaceResult, UpdateResult } from "../store.ts";
import { isOne } from "./answer.ts";
import { gatherReads, type Reads, Updates } from "./batch.ts";
import { compareAndSet } from "./compare.ts";
import type { Keyspace } from "./keyspace.ts";
import { lifeOf } from "./keyspace.ts";
import { userName } from "./layout.ts";
import { GRACE } from "./script-parts.ts";
import { bump, create, end, remove, removeMany } from "./scripts.ts";
import { admit, heal, removeAll, replace } from "./user-scripts.ts";
import type { Revocation, UserRecord, Users } from "./users.ts";
import { column, decode, encode, nextVersion, versionColumn } from "./value.ts";

/** A record as scripts are given it: value, life, user, createdAt, member. */
export function fields(key: SessionKey, record: SessionRecord, version: number, now: number): readonly string[] {
  const user = record.userId === undefined ? "" : userName(record.userId);
  const life = String(lifeOf(record.expiresAt, now, GRACE));
  return [encode(record, version), life, user, column(record.createdAt), toText(key)];
}

/** What scripts are told of the instant at which a login's request arrived; "" for none. */
export const sinceText = (since: number | undefined): string => (Number.isFinite(since) ? String(since) : "");

function admitted(answer: readonly string[], version: Version): AdmitResult {
  const [status, ...evicted] = answer as [AdmitResult["status"], ...string[]];
  return status === "ok" ? { status, version, evicted: evicted.map(fromText) } : { status };
}

/** Everything about a user in one script: a server without Cluster runs scripts over all its keys. */
export class SingleUsers implements Users {
  readonly #space: Keyspace;
  readonly #reads: Reads;
  readonly #updates: Updates;

  constructor(space: Keyspace) {
    this.#space = space;
    this.#reads = gatherReads(space);
    this.#updates = new Updates(space);
  }

  get(key: SessionKey): Promise<StoredRecord | null> {
    return this.#reads.ask(key);
  }

  async create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    const version = firstVersion();
    const args = fields(key, record, version, this.#space.clock());
    const done = await this.#space.run(create, [this.#space.layout.record(key)], ...args, "1");
    return isOne(done) ? version : null;
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.#updates.update(key, record, expected);
  }

  end(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return compareAndSet(this.#space, key, record, expected, "kept", end) as Promise<UpdateResult>;
  }

  flush(): void {
    this.#reads.flush();
    this.#updates.flush();
  }

  async delete(key: SessionKey): Promise<boolean> {
    const answer = await this.#space.run(remove, [this.#space.layout.record(key)], toText(key), "1");
    return isOne((answer as [unknown, string])[0]);
  }

  async epoch(userId: string): Promise<Epoch> {
    const { layout, connection } = this.#space;
    const names = [layout.globalEpoch, layout.epoch(userName(userId))];
    const counters = (await connection.send(names[0], ["MGET", ...names])) as (string | null)[];
    return counters.map((counter) => counter ?? "0").join(".");
  }

  async admit(key: SessionKey, record: UserRecord, admission: Admission): Promise<AdmitResult> {
    const version = firstVersion();
    const answer = await this.#space.run(
      admit,
      this.#names(key, record),
      ...this.#terms(key, record, version, admission),
    );
    return admitted(answer as string[], version);
  }

  async replace(
    key: SessionKey,
    record: SessionRecord,
    old: Replaced,
    admission: Admission | undefined,
  ): Promise<ReplaceResult> {
    const { layout, clock } = this.#space;
    const version = firstVersion();
    const names = [...this.#names(key, record), layout.record(old.key)];
    const terms = this.#terms(key, record, version, record.userId === undefined ? undefined : admission);
    const now = clock();
    const stone = encode(old.record, nextVersion());
    const left = [toText(old.key), versionColumn(old.version), stone, lifeOf(old.record.expiresAt, now, GRACE)];
    const answer = (await this.#space.run(replace, names, ...terms, ...left)) as string[];
    const [status, value] = answer;
    if (status === "gone") return { status };
    if (status !== "conflict") return admitted(answer, version);
    const current = decode(value, now);
    return current ? { status, current } : { status: "gone" };
  }

  /** Without a user the script touches none of the user's. */
  #names(key: SessionKey, { userId }: SessionRecord): readonly string[] {
    const { layout } = this.#space;
    const user = userId === undefined ? "" : userName(userId);
    const own = [layout.index(user), layout.epoch(user), layout.globalEpoch, layout.instant(user)];
    return [layout.record(key), ...own, layout.globalInstant];
  }

  #terms(
    key: SessionKey,
    record: SessionRecord,
    version: number,
    admission: Admission | undefined,
  ): readonly (string | number)[] {
    const { limit = "", onLimit = "evict-oldest", since } = admission ?? {};
    // No epoch is "?", so a made-up empty one does not stand for no admission.
    const epoch = admission === undefined ? "" : admission.epoch || "?";
    return [...fields(key, record, version, this.#space.clock()), epoch, limit, onLimit, sinceText(since)];
  }

  async deleteAll(userId: string, { except, limit, at }: Revocation): Promise<readonly SessionKey[] | null> {
    const { layout } = this.#space;
    const user = userName(userId);
    const names = [layout.index(user), layout.epoch(user), layout.instant(user)];
    const spared = except === undefined ? "" : toText(except);
    if (except !== undefined) names.push(layout.record(except));
    const ended = (await this.#space.run(removeAll, names, user, spared, limit, at)) as string[] | null;
    return ended ? ended.map(fromText) : null;
  }

  async heal(userId: string, members: readonly string[]): Promise<void> {
    const user = userName(userId);
    await this.#space.run(heal, [this.#space.layout.index(user)], user, ...members);
  }

  async moveEverybody(at: number): Promise<void> {
    await this.#space.run(bump, [this.#space.layout.globalEpoch, this.#space.layout.globalInstant], at);
  }

  async deleteMany(keys: readonly SessionKey[]): Promise<readonly SessionKey[]> {
    return ((await this.#space.run(removeMany, [], ...keys.map(toText))) as string[]).map(fromText);
  }
}
