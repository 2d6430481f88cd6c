import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { fromText, toText } from "../parts/text.ts";
import { firstVersion } from "../parts/version.ts";
import type { Admission, AdmitResult, Epoch, UpdateResult } from "../store.ts";
import { gatherReads, type Reads, Updates } from "./batch.ts";
import type { Keyspace } from "./keyspace.ts";
import { lifeOf } from "./keyspace.ts";
import { userName } from "./layout.ts";
import { admit, bump, create, GRACE, heal, remove, removeAll, removeMany } from "./scripts.ts";
import type { UserRecord, Users } from "./users.ts";
import { column, encode } from "./value.ts";

/** A record as scripts are given it: value, life, user, createdAt, member. */
export function fields(key: SessionKey, record: SessionRecord, version: number, now: number): readonly string[] {
  const user = record.userId === undefined ? "" : userName(record.userId);
  const life = String(lifeOf(record.expiresAt, now, GRACE));
  return [encode(record, version), life, user, column(record.createdAt), toText(key)];
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
    return done === 1 ? version : null;
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.#updates.update(key, record, expected);
  }

  flush(): void {
    this.#reads.flush();
    this.#updates.flush();
  }

  async delete(key: SessionKey): Promise<boolean> {
    const answer = await this.#space.run(remove, [this.#space.layout.record(key)], toText(key), "1");
    return (answer as [number, string])[0] === 1;
  }

  async epoch(userId: string): Promise<Epoch> {
    const { layout, connection } = this.#space;
    const names = [layout.globalEpoch, layout.epoch(userName(userId))];
    const counters = (await connection.send(names[0], ["MGET", ...names])) as (string | null)[];
    return counters.map((counter) => counter ?? "0").join(".");
  }

  async admit(key: SessionKey, record: UserRecord, admission: Admission): Promise<AdmitResult> {
    const { layout, clock } = this.#space;
    const version = firstVersion();
    const user = userName(record.userId);
    const names = [layout.record(key), layout.index(user), layout.epoch(user), layout.globalEpoch];
    const limits = [admission.epoch, admission.limit ?? "", admission.onLimit ?? "evict-oldest"];
    const answer = await this.#space.run(admit, names, ...fields(key, record, version, clock()), ...limits);
    const [status, ...evicted] = answer as [AdmitResult["status"], ...string[]];
    return status === "ok" ? { status, version, evicted: evicted.map(fromText) } : { status };
  }

  async deleteAll(userId: string, except: SessionKey | undefined, limit: number): Promise<readonly SessionKey[]> {
    const { layout } = this.#space;
    const user = userName(userId);
    const spared = except === undefined ? "" : toText(except);
    const names = [layout.index(user), layout.epoch(user)];
    return ((await this.#space.run(removeAll, names, user, spared, limit)) as string[]).map(fromText);
  }

  async heal(userId: string, members: readonly string[]): Promise<void> {
    const user = userName(userId);
    await this.#space.run(heal, [this.#space.layout.index(user)], user, ...members);
  }

  async moveEverybody(): Promise<void> {
    await this.#space.run(bump, [this.#space.layout.globalEpoch]);
  }

  async deleteMany(keys: readonly SessionKey[]): Promise<readonly SessionKey[]> {
    return ((await this.#space.run(removeMany, [], ...keys.map(toText))) as string[]).map(fromText);
  }
}
