/** What a master says of its replication. */
export interface Replication {
  /** Begun anew by every promotion: tells one master's time from that of any other. Undefined for who is no master. */
  readonly id: string | undefined;
  /** How far it has written. */
  readonly offset: number;
  /** Replicas that have a connection to it, also those that are still given their first copy. */
  readonly connected: number;
  /** How far each of the others has told that it is. */
  readonly replicas: readonly number[];
  /** Whether it was a replica itself, of a master that is gone. */
  readonly promoted: boolean;
}

/** From the answer to `INFO replication`. */
export function replicationOf(info: string): Replication {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";
  return {
    id: field("role") === "master" ? field("master_replid") : undefined,
    offset: Number(field("master_repl_offset")),
    connected: Number(field("connected_slaves")),
    replicas: [...info.matchAll(/^slave\d+:.*state=online,offset=(\d+)/gm)].map(([, offset]) => Number(offset)),
    promoted: /[1-9a-f]/.test(field("master_replid2")),
  };
}

/** How many replicas have all that it had written by then. */
export function inStep({ replicas }: Pick<Replication, "replicas">, offset: number): number {
  return replicas.filter((each) => each >= offset).length;
}

/**
 * Milliseconds for which a master that has lost all its replicas is held to be the one that was frozen or cut off:
 * another one has been chosen, as a rule, that knows nothing of what is told here.
 */
const CUT_OFF = 300_000;

/**
 * The same for one that has lost some of them: one of those may be the new master, to which the others come within
 * seconds.
 */
const BEREFT = 30_000;

interface Memory {
  /** Replicas that it should have. */
  most: number;
  count: number;
  /** When there was last one less than before. */
  lostAt: number;
  seenAt: number;
}

/** How many replicas each master had. */
export class Memories {
  readonly #known = new Map<string, Memory>();

  /** Takes note of what a master has now. Answers how many it has lost of late. */
  missing({ id = "", connected: count }: Replication, now: number): number {
    const memory = this.#known.get(id) ?? { most: count, count, lostAt: now, seenAt: now };
    if (count < memory.count) memory.lostAt = now;
    const patience = count === 0 ? CUT_OFF : BEREFT;
    if (count > memory.most || now - memory.lostAt >= patience) memory.most = count;
    memory.count = count;
    memory.seenAt = now;
    this.#known.set(id, memory);
    for (const [each, { seenAt }] of this.#known) if (now - seenAt > 2 * CUT_OFF) this.#known.delete(each);
    return memory.most - count;
  }
}
