/**
 * The verbs over a Cluster, in steps, because a record and its user's index are in different slots. The steps in the
 * user's slot are in `registrations.ts`.
 */
import { SessionError } from "../../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../../record.ts";
import { toText } from "../../parts/text.ts";
import { firstVersion } from "../../parts/version.ts";
import type { Admission, AdmitResult, Epoch, UpdateResult } from "../../store.ts";
import { isOne } from "../answer.ts";
import { compareAndSet } from "../compare.ts";
import type { Keyspace } from "../keyspace.ts";
import { allBuckets, bucketOf, userName } from "../layout.ts";
import type { Script } from "../script.ts";
import { bump, create, end, remove, update } from "../scripts.ts";
import { fields, sinceText } from "../single.ts";
import type { Revocation, UserRecord, Users } from "../users.ts";
import { decode } from "../value.ts";
import { type Registration, Registrations } from "./registrations.ts";
import { PATIENCE, Retry } from "./retry.ts";
import { createRegistered, revokeBucket } from "./scripts.ts";

/** Records that one revocation ends at a time. */
const AT_ONCE = 500;

/**
 * In a Cluster the index comes first: whatever is live is in it. A registration that is on its way to
 * become a record is stopped by a tombstone under the record's own key, in the record's own slot.
 */
export class ClusterUsers implements Users {
  readonly #space: Keyspace;
  readonly #registrations: Registrations;

  constructor(space: Keyspace) {
    this.#space = space;
    this.#registrations = new Registrations(space);
  }

  get(key: SessionKey): Promise<StoredRecord | null> {
    return this.#space.get(key);
  }

  async create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    const { userId } = record;
    if (userId === undefined) {
      const version = firstVersion();
      const args = fields(key, record, version, this.#space.clock());
      return isOne(await this.#space.run(create, [this.#space.layout.record(key)], ...args, "0")) ? version : null;
    }
    // As an admission that nothing can refuse: a revocation of the same moment came before it.
    for (;;) {
      const result = await this.admit(key, { ...record, userId }, { epoch: await this.epoch(userId) });
      if (result.status === "ok") return result.version;
      if (result.status === "exists") return null;
    }
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.#write(key, record, expected, update);
  }

  end(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.#write(key, record, expected, end);
  }

  async #write(key: SessionKey, record: SessionRecord, expected: Version, script: Script): Promise<UpdateResult> {
    for (const retry = new Retry(); ; await retry.wait()) {
      const result = await compareAndSet(this.#space, key, record, expected, "refused", script);
      if (result !== "index") return result;
      if (record.userId === undefined) {
        return compareAndSet(this.#space, key, record, expected, "seen-to", script) as Promise<UpdateResult>;
      }
      const user = userName(record.userId);
      const registration = await this.#registrations.register(user, key, record, { epoch: "" }, [], PATIENCE);
      if (typeof registration === "string") continue;
      const done = (await compareAndSet(this.#space, key, record, expected, "seen-to", script)) as UpdateResult;
      const present = done.status === "conflict" ? done.current : done.status === "ok" ? record : undefined;
      await this.#registrations.conclude(user, key, registration.nonce, present);
      return done;
    }
  }

  async delete(key: SessionKey): Promise<boolean> {
    // The index is left to whoever reads it next: one round trip.
    const answer = await this.#space.run(remove, [this.#space.layout.record(key)], toText(key), "0");
    return isOne((answer as [unknown, string])[0]);
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
    for (const retry = new Retry(); ; await retry.wait()) {
      if (await this.#everybodyWasRevoked(key, everybody, admission.since)) return { status: "revoked" };
      if (await this.#space.get(key)) {
        const revoked =
          (await this.epoch(record.userId)) !== admission.epoch ||
          (await this.#predates(admission.since, this.#space.layout.instant(user)));
        return { status: revoked ? "revoked" : "exists" };
      }
      const seen = await this.#registrations.read(user, admission);
      const terms = { ...admission, epoch: own };
      const registration = await this.#registrations.register(user, key, record, terms, seen, retry.patience);
      if (registration === "busy") continue;
      if (typeof registration === "string") return { status: registration };
      return this.#create(key, record, registration, [everybody, own], admission.since);
    }
  }

  async #everybodyWasRevoked(key: SessionKey, epoch: string, since: number | undefined): Promise<boolean> {
    const { layout } = this.#space;
    const [present, before] = await Promise.all([
      this.#space.counter(layout.globalEpoch),
      this.#predates(since, layout.bucketInstant(bucketOf(toText(key)))),
    ]);
    return before || present !== epoch;
  }

  async #predates(since: number | undefined, instant: string): Promise<boolean> {
    return since !== undefined && since < Number(await this.#space.counter(instant));
  }

  /** The record of a registration; then the evictions, and only then it is settled: others wait for its outcome. */
  async #create(
    key: SessionKey,
    record: UserRecord,
    registration: Registration,
    epochs: readonly [everybody: string, own: string],
    since: number | undefined,
  ): Promise<AdmitResult> {
    const user = userName(record.userId);
    const version = firstVersion();
    const { layout, clock } = this.#space;
    const [value = "", life = ""] = fields(key, record, version, clock());
    const bucket = bucketOf(toText(key));
    // All keys are in one slot: the bucket is in the braces of each.
    const names = [layout.record(key), layout.bucketEpoch(bucket), layout.bucketInstant(bucket)];
    const args = [value, life, user, registration.nonce, ...epochs, registration.until, sinceText(since)];
    const [status, present] = (await this.#space.run(createRegistered, names, ...args)) as string[];
    if (status === "ok" || status === "evicted") {
      const evicted = await this.#registrations.evict(user, registration);
      if (status === "ok") await this.#registrations.conclude(user, key, registration.nonce, record);
      return { status: "ok", version, evicted };
    }
    await this.#registrations.unclaim(user, registration.nonce, registration.claims);
    await this.#registrations.conclude(user, key, registration.nonce, decode(present, clock()) ?? undefined);
    if (status === "late") {
      throw new SessionError(
        "SOJOURN_STORE_UNAVAILABLE",
        "the login took longer than 20 seconds to store: log in again",
      );
    }
    return { status: status === "exists" ? "exists" : "revoked" };
  }

  /** The one that stays must be live before, and nobody else's victim when the user's slot decides. */
  async deleteAll(userId: string, { except, limit, at }: Revocation): Promise<readonly SessionKey[] | null> {
    const user = userName(userId);
    const spared = except === undefined ? undefined : toText(except);
    for (const retry = new Retry(); ; await retry.wait()) {
      if (except !== undefined && (await this.#space.get(except))?.userId !== userId) return null;
      const revoked = await this.#registrations.revoke(user, spared, at);
      if (revoked === "busy") continue;
      if (revoked === null) return null;
      const { members, claim } = revoked;
      const ended: SessionKey[] = [];
      let done = 0;
      try {
        while (done < members.length && ended.length < limit) {
          const some = members.slice(done, done + Math.min(limit - ended.length, AT_ONCE));
          ended.push(...(await this.#registrations.end(user, some, revoked)));
          done += some.length;
        }
      } catch (error) {
        if (claim !== undefined) await this.#registrations.unclaim(user, claim, members.slice(done)).catch(() => {});
        throw error;
      }
      return ended;
    }
  }

  async heal(userId: string, members: readonly string[]): Promise<void> {
    await this.#registrations.unlist(
      userName(userId),
      members.map((name) => ({ name, recent: "" })),
    );
  }

  async moveEverybody(at: number): Promise<void> {
    const { layout } = this.#space;
    const epoch = await this.#space.run(bump, [layout.globalEpoch], at);
    const buckets = allBuckets().map((bucket) => [layout.bucketEpoch(bucket), layout.bucketInstant(bucket)]);
    await Promise.all(buckets.map((names) => this.#space.run(revokeBucket, names, Number(epoch), at)));
  }

  async deleteMany(keys: readonly SessionKey[]): Promise<readonly SessionKey[]> {
    const done = await Promise.all(keys.map((key) => this.delete(key)));
    return keys.filter((_, at) => done[at]);
  }

  flush(): void {}
}
