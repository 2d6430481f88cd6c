/**
 * What the store must know of its client and its server before it relies on them, asked of them rather than of their
 * options: before the first call, and with every `health()`.
 */
import { invalidOption, SessionError } from "../../errors.ts";
import { clearTimeout, setTimeout } from "../parts/timers.ts";
import { freshMark } from "../parts/version.ts";
import { digit } from "./answer.ts";
import { bucketsOfMasters } from "./cluster/slots.ts";
import { renames, type Send } from "./connection.ts";
import { explain, lacks } from "./explain.ts";
import type { Keyspace } from "./keyspace.ts";
import { greet, probe } from "./scripts.ts";

/** Not ASCII, so that a client which decodes it otherwise is found. */
const TEXT = "sojourn é";

/** Milliseconds that INFO is waited for: a server that answers all else is not held to be down. */
const ANSWERS_WITHIN = 1000;

/** The bucket of the key that is named at the start. */
const BUCKET = "A0";

export class Inspection {
  readonly #space: Keyspace;
  readonly #needsInfo: boolean;
  #underWay: Promise<void> | undefined;
  #done = false;

  /** @param needsInfo Whether revocations wait for replicas, of which only INFO tells. */
  constructor(space: Keyspace, needsInfo: boolean) {
    this.#space = space;
    this.#needsInfo = needsInfo;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Once; one that failed is made again with the next call. */
  first(): Promise<void> {
    this.#underWay ??= this.#start().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #start(): Promise<void> {
    await this.#space.connection.open?.();
    await Promise.all([this.#checkClient(), this.#checkServers(false)]);
    this.#done = true;
  }

  /** Once more, and writes, reads, deletes and publishes on every master. */
  async again(): Promise<void> {
    await Promise.all([this.#checkClient(), this.#checkServers(true)]);
    const buckets = this.#space.connection.cluster ? await bucketsOfMasters(this.#space.connection) : [BUCKET];
    await Promise.all(buckets.map((bucket) => this.#probe(bucket)));
  }

  async #probe(bucket: string): Promise<void> {
    const mark = freshMark();
    const answer = await this.#space.run(probe, [this.#space.layout.probe(bucket, mark)], mark);
    const [found, refusal] = answer as readonly unknown[];
    this.#checkPublishing(refusal);
    if (found === mark) return;
    throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "Redis does not give back what was written to it.");
  }

  /** Nothing is written: a server that is full still reads, touches and ends sessions. */
  async #checkClient(): Promise<void> {
    const name = this.#space.layout.probe(BUCKET, "name");
    const [answer] = await Promise.all([
      this.#space.run(greet, [name], TEXT),
      // The server knows the script's hash, as a rule; after its next restart it has to be told again.
      this.#space.connection.send(name, ["EVAL", "return 1", "1", name]),
    ]);
    const [seen, text, one, missing] = Array.isArray(answer) ? (answer as readonly unknown[]) : [];
    if (typeof seen === "string" && seen !== name) throw renames();
    if (seen !== name || text !== TEXT || digit(one) !== 1) {
      throw invalidOption("client", answer, "one that gives text as strings, numbers as numbers and lists as arrays");
    }
    if (Array.isArray(missing) && missing.length > 0) throw lacks(missing.join(" "));
  }

  #checkPublishing(refusal: unknown): void {
    if (refusal !== "") throw explain(new Error(String(refusal)), this.#space.layout.prefix);
  }

  async #checkServers(writes: boolean): Promise<void> {
    const masters = await this.#space.connection.masters();
    const evicts = await Promise.all(masters.map((send) => this.#checkServer(send, writes)));
    this.#space.evicts = evicts.includes(true);
  }

  /** Whether it evicts what has a time to live; held to be so when it does not say. */
  async #checkServer(send: Send, writes: boolean): Promise<boolean> {
    const info = await this.#info(send);
    const field = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";
    if (writes && field("role") === "slave") {
      throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "This Redis is a replica: what is written to it is lost.");
    }
    const { cluster } = this.#space.connection;
    const policy = field("maxmemory_policy");
    if (policy === "") return !cluster;
    if (policy === "noeviction" || field("maxmemory") === "0") return false;
    if (policy.startsWith("volatile-") && !cluster) return true;
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      `This Redis has a maxmemory-policy of ${policy}: it may evict the list of a user's sessions, and a revocation ` +
        `would miss them. Set it to noeviction${cluster ? "" : ", or to one that begins with volatile-"}.`,
    );
  }

  async #info(send: Send): Promise<string> {
    const ask = async (section: string): Promise<string> => String(await send(["INFO", section]));
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const answers = Promise.all([ask("memory"), ask("replication")]);
      const late = new Promise<readonly string[]>((resolve) => {
        timer = setTimeout(() => resolve([]), ANSWERS_WITHIN);
      });
      return (await Promise.race([answers, late])).join("\r\n");
    } catch (error) {
      const isRefused = error instanceof SessionError && error.message.startsWith("NOPERM");
      // A server without INFO has no replicas that it could tell of; one that keeps it from this user may have.
      if (isRefused ? !this.#needsInfo : /unknown command/i.test(String((error as Error).message))) return "";
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
