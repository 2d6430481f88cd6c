import { SessionError } from "../../errors.ts";
import type { Connection, Send } from "./connection.ts";

/** Milliseconds for which it is believed how many replicas a master has. */
const BELIEVED = 5000;

/**
 * Milliseconds for which a master that had replicas is held to have some: when all of them are gone it is, as a rule, the
 * master that was cut off, and another one has been chosen that knows nothing of what is told here.
 */
const REMEMBERED = 300_000;

/**
 * Replication is asynchronous: a master that dies takes the last writes with it, and a logout among them
 * would be undone. So a revocation is told only when replicas have it.
 */
export class Replicas {
  readonly #connection: Connection;
  readonly #wanted: number;
  readonly #timeout: number;
  #believedUntil = 0;
  #replicated: readonly boolean[] = [];
  /** When a master, by its replication id, had a replica. A promoted one begins a new id. */
  readonly #hadReplicas = new Map<string, number>();

  constructor(connection: Connection, wanted: number, timeout: number) {
    this.#connection = connection;
    this.#wanted = wanted;
    this.#timeout = timeout;
  }

  /** Resolves when what this client has written is on the replicas; at once where there are none. */
  async acknowledge<T>(revoked: T): Promise<T> {
    if (this.#wanted === 0) return revoked;
    const masters = await this.#replicatedOf(await this.#connection.masters());
    if (masters.length === 0) return revoked;
    const wait = ["WAIT", String(this.#wanted), String(this.#timeout)];
    const counts = await Promise.all(masters.map((send) => send([...wait])));
    const fewest = Math.min(...counts.map(Number));
    if (fewest >= this.#wanted) return revoked;
    throw new SessionError(
      "SOJOURN_STORE_UNAVAILABLE",
      `the revocation is in force, but ${fewest} of ${this.#wanted} replicas had it after ${this.#timeout} ms, so a failover could undo it: ` +
        "repeat it, or see to the replicas (option waitReplicas)",
    );
  }

  /** Those that have replicas, or had some: one that never had any has nobody to fail over to, and must not hold up the others. */
  async #replicatedOf(masters: readonly Send[]): Promise<readonly Send[]> {
    if (performance.now() > this.#believedUntil || this.#replicated.length !== masters.length) {
      const infos = await Promise.all(masters.map((send) => send(["INFO", "replication"])));
      const now = performance.now();
      this.#replicated = infos.map((info) => this.#isReplicated(String(info), now));
      this.#believedUntil = now + BELIEVED;
    }
    return masters.filter((_, at) => this.#replicated[at]);
  }

  #isReplicated(info: string, now: number): boolean {
    const id = /master_replid:(\w+)/.exec(info)?.[1] ?? "";
    if (/connected_slaves:[1-9]/.test(info)) this.#hadReplicas.set(id, now);
    for (const [each, at] of this.#hadReplicas) if (now - at > REMEMBERED) this.#hadReplicas.delete(each);
    return this.#hadReplicas.has(id);
  }
}
