/**
 * How revocations wait for replicas, so that a failover undoes no logout that has been answered.
 */
import { SessionError } from "../../errors.ts";
import { clearTimeout, setTimeout } from "../parts/timers.ts";
import type { Connection, Send } from "./connection.ts";
import { inStep, Memories, type Replication, replicationOf } from "./replication.ts";

/** Milliseconds for which it is believed who is master, and with how many replicas. */
const BELIEVED = 5000;

/** Milliseconds for which the connection is held up at a time, at first and at most. */
const SHORTEST = 5;
const LONGEST = 40;

/** More replicas than anybody has: the server asks all of them how far they are, whatever it knows already. */
const ALL = "1000";

interface Seen extends Replication {
  /** Replicas that it has lost of late. */
  readonly missing: number;
}

/** A master that has been waited for. */
interface Outcome extends Seen {
  /** How many replicas have all that it had written before. */
  readonly safe: number;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves when the work is over, or has taken too long. */
const endOf = (work: Promise<unknown>, milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(over, over);
  });

/** Whether a master has nobody to fail over to, and never had. */
const isAlone = ({ connected, missing }: Seen): boolean => connected === 0 && missing === 0;

/**
 * Replication is asynchronous: a master that dies takes the last writes with it, and a logout among them
 * would be undone. So a revocation is told only when replicas have it.
 *
 * What `WAIT` answers is not enough: it speaks of what its own connection has written, which is nothing when the client
 * has reconnected, maybe to another master, or has several connections. It makes the replicas tell how far they are;
 * offsets of one master are compared.
 */
export class Replicas {
  readonly #connection: Connection;
  readonly #wanted: number;
  readonly #timeout: number;
  readonly #memories = new Memories();
  #masters: readonly Seen[] = [];
  #believedUntil = 0;
  /** When the last round of waiting is over. */
  #turn: Promise<unknown> = Promise.resolve();
  #next: Promise<readonly Outcome[]> | undefined;

  constructor(connection: Connection, wanted: number, timeout: number) {
    this.#connection = connection;
    this.#wanted = wanted;
    this.#timeout = timeout;
  }

  /** Revokes, and resolves when that is on the replicas; at once where there are none. */
  async acknowledge<T>(revoke: () => Promise<T>): Promise<T> {
    if (this.#wanted === 0) return revoke();
    const before = await this.#before();
    const revoked = await revoke();
    // One that was promoted is looked at again, as its replicas may be on their way to it.
    if (before?.every((master) => isAlone(master) && !master.promoted)) return revoked;
    const doubt = before ? this.#doubt(before, await this.#settled()) : "not every master answers";
    if (doubt === undefined) return revoked;
    throw new SessionError(
      "SOJOURN_STORE_UNAVAILABLE",
      `the revocation is in force, but ${doubt}, so a failover could undo it: repeat it, or see to the replicas ` +
        "(option waitReplicas)",
    );
  }

  #doubt(before: readonly Seen[], after: readonly Outcome[]): string | undefined {
    for (const master of after) {
      const { id, missing, safe } = master;
      if (id === undefined || !before.some((each) => each.id === id)) return "another server is master now";
      if (missing > 0) return `the master has lost ${missing} of its replicas, and one of those may be master now`;
      if (safe < this.#wanted && !isAlone(master))
        return `${safe} of ${this.#wanted} replicas had it within ${this.#timeout} ms`;
    }
    return undefined;
  }

  /**
   * All masters, as they were a moment ago. Who is to be ended is ended, though one of them does not answer: undefined.
   */
  async #before(): Promise<readonly Seen[] | undefined> {
    const isBelieved = (): boolean => performance.now() <= this.#believedUntil;
    if (!isBelieved()) await endOf(this.#readAll(), this.#timeout);
    return isBelieved() ? this.#masters : undefined;
  }

  async #readAll(): Promise<void> {
    const masters = await this.#connection.masters();
    this.#believe(await Promise.all(masters.map((send) => this.#read(send))));
  }

  async #read(send: Send): Promise<Seen> {
    const replication = replicationOf(String(await send(["INFO", "replication"])));
    return { ...replication, missing: this.#memories.missing(replication, performance.now()) };
  }

  #believe(masters: readonly Seen[]): void {
    this.#masters = masters;
    this.#believedUntil = performance.now() + BELIEVED;
  }

  /** One round at a time, for it holds up the connection: those that come meanwhile share the next. */
  #settled(): Promise<readonly Outcome[]> {
    this.#next ??= this.#turn.then(() => {
      this.#next = undefined;
      const round = this.#round();
      // A server that does not answer must not hold up who finds another in its place.
      this.#turn = endOf(round, 2 * this.#timeout);
      return round;
    });
    return this.#next;
  }

  async #round(): Promise<readonly Outcome[]> {
    const masters = await this.#connection.masters();
    const outcomes = await Promise.all(masters.map((send) => this.#wait(send)));
    this.#believe(outcomes);
    return outcomes;
  }

  /** Until enough replicas have what this master has written, or the time is over. */
  async #wait(send: Send): Promise<Outcome> {
    const deadline = performance.now() + this.#timeout;
    const { id, offset, ...first } = await this.#read(send);
    if (first.replicas.length < this.#wanted) return { ...first, id, offset, safe: inStep(first, offset) };
    let asked = String(this.#wanted);
    for (let hold = SHORTEST; ; ) {
      const [count, now] = await Promise.all([send(["WAIT", asked, String(hold)]), this.#read(send)]);
      const safe = now.id === id ? inStep(now, offset) : 0;
      if (safe >= this.#wanted || now.id !== id || performance.now() > deadline) return { ...now, safe };
      if (asked !== ALL && Number(count) >= this.#wanted) {
        // It spoke of less than what was written, and has asked nobody.
        asked = ALL;
        hold = 1;
      } else {
        await pause(hold);
        hold = Math.min(2 * hold, LONGEST);
      }
    }
  }
}
