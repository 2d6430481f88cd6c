/**
 * The steps of a Cluster's verbs in a user's slot: a session is registered in the index before its record is created,
 * and taken out of it after the record has ended.
 */
import type { SessionKey, SessionRecord } from "../../../record.ts";
import { fromText, toText } from "../../parts/text.ts";
import { freshMark } from "../../parts/version.ts";
import type { Admission } from "../../store.ts";
import { isOne } from "../answer.ts";
import type { Keyspace } from "../keyspace.ts";
import { userName } from "../layout.ts";
import { sinceText } from "../single.ts";
import { column } from "../value.ts";
import { confirm, endMember, readMembers, register, revoke, unclaim, unlist } from "./scripts.ts";

/** A member of an index, as it was read. */
export interface Member {
  readonly name: string;
  /** What "recent" had for it; empty for one that was registered more than a minute ago. */
  readonly recent: string;
}

/** One whose record was looked for. */
export interface Seen extends Member {
  readonly alive: boolean;
}

/** What was registered, and may be created until then. */
export interface Registration {
  readonly nonce: string;
  readonly until: string;
  /** What it evicts, as it was before. */
  readonly claims: readonly Member[];
}

/** What a revocation found in the index. */
interface Revoked {
  readonly epoch: string;
  readonly members: readonly Member[];
  /** What it claimed them with; undefined when it spares nobody. */
  readonly claim: string | undefined;
}

const nonceOf = (recent: string): string => recent.split(" ")[0] ?? "";

const membersIn = (flat: readonly string[]): readonly Member[] =>
  flat.flatMap((name, at) => (at % 2 === 0 ? [{ name, recent: flat[at + 1] ?? "" }] : []));

/** The slot of a user in a Cluster: the index, who was registered of late, the epoch. It decides what races. */
export class Registrations {
  readonly #space: Keyspace;

  constructor(space: Keyspace) {
    this.#space = space;
  }

  /** Registered sessions of the user: all of them where there is a limit, else a few. */
  async read(user: string, { limit }: Admission): Promise<readonly Seen[]> {
    const { layout } = this.#space;
    const names = [layout.index(user), layout.recent(user)];
    const members = membersIn((await this.#space.run(readMembers, names, limit === undefined ? 20 : 0)) as string[]);
    const records = await this.#space.getMany(members.map(({ name }) => fromText(name)));
    return members.map((member, at) => {
      const userId = records[at]?.userId;
      return { ...member, alive: userId !== undefined && userName(userId) === user };
    });
  }

  async register(
    user: string,
    key: SessionKey,
    record: SessionRecord,
    { epoch, limit, onLimit, since }: Admission,
    seen: readonly Seen[],
    patience: number,
  ): Promise<Registration | "revoked" | "limit" | "busy"> {
    const nonce = freshMark();
    const about = [user, toText(key), column(record.createdAt), nonce, epoch, limit ?? "", onLimit ?? "", patience];
    const read = seen.flatMap(({ name, recent, alive }) => [name, recent, alive ? "1" : "0"]);
    const answer = await this.#space.run(register, this.#names(user), ...about, sinceText(since), ...read);
    const [status, until = "", ...claims] = answer as string[];
    if (status !== "ok") return status as "revoked" | "limit" | "busy";
    return { nonce, until, claims: membersIn(claims) };
  }

  /** What became of a registration: the index follows the record that is there now, if it is the user's. */
  async conclude(user: string, key: SessionKey, nonce: string, present: SessionRecord | undefined): Promise<void> {
    const { layout } = this.#space;
    const names = [layout.index(user), layout.recent(user)];
    if (present?.userId !== undefined && userName(present.userId) === user) {
      await this.#space.run(confirm, names, user, toText(key), column(present.createdAt), nonce);
    } else {
      await this.#space.run(unlist, names, toText(key), nonce);
    }
  }

  /** Null when the one to be spared has ended, or is about to. */
  async revoke(user: string, spared: string | undefined, at: number): Promise<Revoked | "busy" | null> {
    const claim = spared === undefined ? undefined : `all:${freshMark()}`;
    const answer = await this.#space.run(revoke, this.#names(user), at, spared ?? "", claim ?? "-");
    if (!answer) return null;
    const [epoch = "", ...flat] = answer as string[];
    return epoch === "busy" ? epoch : { epoch, members: membersIn(flat), claim };
  }

  /** Ends the records of members, or sees to it that they do not come. Answers with those that were live. */
  async end(user: string, members: readonly Member[], { epoch, claim }: Revoked): Promise<readonly SessionKey[]> {
    const ended = await Promise.all(members.map((member) => this.#end(user, member, `xr ${user} ${epoch}`)));
    await this.unlist(user, claim === undefined ? members : members.map(({ name }) => ({ name, recent: claim })));
    return members.filter((_, at) => isOne(ended[at])).map(({ name }) => fromText(name));
  }

  async evict(user: string, { nonce, claims }: Registration): Promise<readonly SessionKey[]> {
    const ended = await Promise.all(claims.map((each) => this.#end(user, each, `xe ${nonceOf(each.recent)}`)));
    await this.unlist(
      user,
      claims.map(({ name }) => ({ name, recent: nonce })),
    );
    // A registered one that had no record yet was admitted and evicted: its own admission says so too.
    const told = claims.filter(({ recent }, at) => isOne(ended[at]) || (Number(ended[at]) === 2 && / P /.test(recent)));
    return told.map(({ name }) => fromText(name));
  }

  /** Takes members out whose records are gone for good. */
  async unlist(user: string, members: readonly Member[]): Promise<void> {
    if (members.length === 0) return;
    const { layout } = this.#space;
    const pairs = members.flatMap(({ name, recent }) => [name, nonceOf(recent)]);
    await this.#space.run(unlist, [layout.index(user), layout.recent(user)], ...pairs);
  }

  /** Members that were claimed are not ended after all. */
  async unclaim(user: string, claim: string, members: readonly Member[]): Promise<void> {
    if (members.length === 0) return;
    await this.#space.run(unclaim, [this.#space.layout.recent(user)], claim, ...members.map(({ name }) => name));
  }

  #end(user: string, { name, recent }: Member, tombstone: string): Promise<unknown> {
    const key = this.#space.layout.record(fromText(name));
    return this.#space.run(endMember, [key], user, name, recent === "" ? "" : tombstone);
  }

  #names(user: string): readonly string[] {
    const { layout } = this.#space;
    return [layout.index(user), layout.epoch(user), layout.recent(user), layout.instant(user)];
  }
}
