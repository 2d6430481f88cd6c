import { SessionError } from "../../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../../record.ts";
import { fromText, toText } from "../../parts/text.ts";
import { firstVersion, freshMark } from "../../parts/version.ts";
import type { Admission, AdmitResult, Epoch, UpdateResult } from "../../store.ts";
import { compareAndSet } from "../compare.ts";
import type { Keyspace } from "../keyspace.ts";
import { allBuckets, bucketOf, userName } from "../layout.ts";
import { bump, create, remove } from "../scripts.ts";
import { fields } from "../single.ts";
import type { UserRecord, Users } from "../users.ts";
import { column, decode } from "../value.ts";
import { PATIENCE, Turns } from "./retry.ts";
import { createEntered, enter, forget, kill, look, mark, restore, revoke, settle } from "./scripts.ts";

/** A member of an index, as it was read. */
interface Member {
  readonly name: string;
  /** What "recent" had for it; empty for one that was registered more than a minute ago. */
  readonly recent: string;
}

/** One whose record was looked for. */
interface Seen extends Member {
  readonly alive: boolean;
}

/** What was registered, and may be created until then. */
interface Entry {
  readonly nonce: string;
  readonly until: string;
  /** What it evicts, as it was before. */
  readonly claims: readonly Member[];
}

const nonceOf = (recent: string): string => recent.split(" ")[0] ?? "";

const membersIn = (flat: readonly string[]): readonly Member[] =>
  flat.flatMap((name, at) => (at % 2 === 0 ? [{ name, recent: flat[at + 1] ?? "" }] : []));

/**
 * In a Cluster the index comes first: whatever is live is in it. A registration that is on its way to
 * become a record is stopped by a tombstone under the record's own key, in the record's own slot.
 */
export class ClusterUsers implements Users {
  readonly #space: Keyspace;

  constructor(space: Keyspace) {
    this.#space = space;
  }

  get(key: SessionKey): Promise<StoredRecord | null> {
    return this.#space.get(key);
  }

  async create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    const { userId } = record;
    if (userId === undefined) {
      const version = firstVersion();
      const args = fields(key, record, version, this.#space.clock());
      return (await this.#space.run(create, [this.#space.layout.record(key)], ...args, "0")) === 1 ? version : null;
    }
    // As an admission that nothing can refuse: a revocation of the same moment came before it.
    for (;;) {
      const result = await this.admit(key, { ...record, userId }, { epoch: await this.epoch(userId) });
      if (result.status === "ok") return result.version;
      if (result.status === "exists") return null;
    }
  }

  async update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    for (const turns = new Turns(); ; await turns.wait()) {
      const result = await compareAndSet(this.#space, key, record, expected, "refused");
      if (result !== "index") return result;
      if (record.userId === undefined) {
        return compareAndSet(this.#space, key, record, expected, "seen-to") as Promise<UpdateResult>;
      }
      const user = userName(record.userId);
      const entry = await this.#enter(user, key, record, { epoch: "" }, [], PATIENCE);
      if (typeof entry === "string") continue;
      const done = (await compareAndSet(this.#space, key, record, expected, "seen-to")) as UpdateResult;
      const present = done.status === "conflict" ? done.current : done.status === "ok" ? record : undefined;
      await this.#conclude(user, key, entry.nonce, present);
      return done;
    }
  }

  async delete(key: SessionKey): Promise<boolean> {
    // The index is left to whoever reads it next: one round trip.
    const answer = await this.#space.run(remove, [this.#space.layout.record(key)], toText(key), "0");
    return (answer as [number, string])[0] === 1;
  }

  async epoch(userId: string): Promise<Epoch> {
    const { layout } = this.#space;
    const names = [layout.globalEpoch, layout.epoch(userName(userId))];
    return (await Promise.all(names.map((name) => this.#space.counter(name)))).join(".");
  }

  async admit(key: SessionKey, record: UserRecord, admission: Admission): Promise<AdmitResult> {
    const user = userName(record.userId);
    const [everybody = "", own = ""] = admission.epoch.split(".");
    if (!/^\d+$/.test(everybody) || !/^\d+$/.test(own)) return { status: "revoked" };
    for (const turns = new Turns(); ; await turns.wait()) {
      if ((await this.#space.counter(this.#space.layout.globalEpoch)) !== everybody) return { status: "revoked" };
      if (await this.#space.get(key)) {
        return (await this.epoch(record.userId)) === admission.epoch ? { status: "exists" } : { status: "revoked" };
      }
      const seen = await this.#look(user, admission);
      const entry = await this.#enter(user, key, record, { ...admission, epoch: own }, seen, turns.patience);
      if (entry === "busy") continue;
      return typeof entry === "string" ? { status: entry } : this.#create(key, record, entry, [everybody, own]);
    }
  }

  /** The record of a registration; then the evictions, and only then it is settled: others wait for its outcome. */
  async #create(
    key: SessionKey,
    record: UserRecord,
    entry: Entry,
    epochs: readonly [everybody: string, own: string],
  ): Promise<AdmitResult> {
    const user = userName(record.userId);
    const version = firstVersion();
    const { layout, clock } = this.#space;
    const [value = "", life = ""] = fields(key, record, version, clock());
    const names = [layout.record(key), layout.bucketEpoch(bucketOf(toText(key)))];
    // Both keys are in one slot: the bucket is in the braces of both.
    const args = [value, life, user, entry.nonce, ...epochs, entry.until];
    const [status, present] = (await this.#space.run(createEntered, names, ...args)) as string[];
    if (status === "ok" || status === "evicted") {
      const evicted = await this.#evict(user, entry);
      if (status === "ok") await this.#conclude(user, key, entry.nonce, record);
      return { status: "ok", version, evicted };
    }
    await this.#callOff(user, entry);
    await this.#conclude(user, key, entry.nonce, decode(present, clock()) ?? undefined);
    if (status === "late") {
      throw new SessionError(
        "SOJOURN_STORE_UNAVAILABLE",
        "the login took longer than 20 seconds to store: log in again",
      );
    }
    return { status: status === "exists" ? "exists" : "revoked" };
  }

  async deleteAll(userId: string, except: SessionKey | undefined, limit: number): Promise<readonly SessionKey[]> {
    const { layout } = this.#space;
    const user = userName(userId);
    const names = [layout.index(user), layout.epoch(user), layout.recent(user)];
    const [epoch, ...flat] = (await this.#space.run(revoke, names)) as string[];
    const spared = except === undefined ? undefined : toText(except);
    const members = membersIn(flat).filter(({ name }) => name !== spared);
    const ended: SessionKey[] = [];
    for (let at = 0; at < members.length && ended.length < limit; ) {
      const some = members.slice(at, at + Math.min(limit - ended.length, 500));
      const killed = await Promise.all(some.map((member) => this.#kill(user, member, `xr ${user} ${epoch}`)));
      ended.push(...some.filter((_, index) => killed[index] === 1).map(({ name }) => fromText(name)));
      await this.#forget(user, some);
      at += some.length;
    }
    return ended;
  }

  async heal(userId: string, members: readonly string[]): Promise<void> {
    await this.#forget(
      userName(userId),
      members.map((name) => ({ name, recent: "" })),
    );
  }

  async moveEverybody(): Promise<void> {
    const { layout } = this.#space;
    const epoch = await this.#space.run(bump, [layout.globalEpoch]);
    const marks = allBuckets().map((bucket) => this.#space.run(mark, [layout.bucketEpoch(bucket)], Number(epoch)));
    await Promise.all(marks);
  }

  async deleteMany(keys: readonly SessionKey[]): Promise<readonly SessionKey[]> {
    const done = await Promise.all(keys.map((key) => this.delete(key)));
    return keys.filter((_, at) => done[at]);
  }

  flush(): void {}

  /** Registered sessions of the user: all of them where there is a limit, else a few. */
  async #look(user: string, { limit }: Admission): Promise<readonly Seen[]> {
    const { layout } = this.#space;
    const names = [layout.index(user), layout.recent(user)];
    const members = membersIn((await this.#space.run(look, names, limit === undefined ? 20 : 0)) as string[]);
    const records = await this.#space.getMany(members.map(({ name }) => fromText(name)));
    return members.map((member, at) => {
      const userId = records[at]?.userId;
      return { ...member, alive: userId !== undefined && userName(userId) === user };
    });
  }

  async #enter(
    user: string,
    key: SessionKey,
    record: SessionRecord,
    { epoch, limit, onLimit }: Admission,
    seen: readonly Seen[],
    patience: number,
  ): Promise<Entry | "revoked" | "limit" | "busy"> {
    const { layout } = this.#space;
    const nonce = freshMark();
    const names = [layout.index(user), layout.epoch(user), layout.recent(user)];
    const about = [user, toText(key), column(record.createdAt), nonce, epoch, limit ?? "", onLimit ?? "", patience];
    const looked = seen.flatMap(({ name, recent, alive }) => [name, recent, alive ? "1" : "0"]);
    const [status, until = "", ...claims] = (await this.#space.run(enter, names, ...about, ...looked)) as string[];
    if (status !== "ok") return status as "revoked" | "limit" | "busy";
    return { nonce, until, claims: membersIn(claims) };
  }

  /** What became of a registration: the index follows the record that is there now, if it is the user's. */
  async #conclude(user: string, key: SessionKey, nonce: string, present: SessionRecord | undefined): Promise<void> {
    const { layout } = this.#space;
    const names = [layout.index(user), layout.recent(user)];
    if (present?.userId !== undefined && userName(present.userId) === user) {
      await this.#space.run(settle, names, user, toText(key), column(present.createdAt), nonce);
    } else {
      await this.#space.run(forget, names, toText(key), nonce);
    }
  }

  #kill(user: string, { name, recent }: Member, tombstone: string): Promise<unknown> {
    const key = this.#space.layout.record(fromText(name));
    return this.#space.run(kill, [key], user, name, recent === "" ? "" : tombstone);
  }

  async #forget(user: string, members: readonly Member[]): Promise<void> {
    if (members.length === 0) return;
    const { layout } = this.#space;
    const pairs = members.flatMap(({ name, recent }) => [name, nonceOf(recent)]);
    await this.#space.run(forget, [layout.index(user), layout.recent(user)], ...pairs);
  }

  async #evict(user: string, { nonce, claims }: Entry): Promise<readonly SessionKey[]> {
    const killed = await Promise.all(claims.map((each) => this.#kill(user, each, `xe ${nonceOf(each.recent)}`)));
    await this.#forget(
      user,
      claims.map(({ name }) => ({ name, recent: nonce })),
    );
    // A registered one that had no record yet was admitted and evicted: its own admission says so too.
    const told = claims.filter(({ recent }, at) => killed[at] === 1 || (killed[at] === 2 && / P /.test(recent)));
    return told.map(({ name }) => fromText(name));
  }

  async #callOff(user: string, { nonce, claims }: Entry): Promise<void> {
    if (claims.length === 0) return;
    await this.#space.run(restore, [this.#space.layout.recent(user)], nonce, ...claims.map(({ name }) => name));
  }
}
