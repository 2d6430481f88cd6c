/**
 * A connection with the names of the keys and the clock, which every part of the store works with. Records are read
 * here, and written by scripts elsewhere.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey, StoredRecord } from "../../record.ts";
import type { Connection } from "./connection.ts";
import type { Layout } from "./layout.ts";
import type { Script } from "./script.ts";
import { decode } from "./value.ts";

export class Keyspace {
  readonly connection: Connection;
  readonly layout: Layout;
  readonly clock: Clock;
  /** Whether the server evicts what has a time to live when memory is short. */
  evicts = false;

  constructor(connection: Connection, layout: Layout, clock: Clock) {
    this.connection = connection;
    this.layout = layout;
    this.clock = clock;
  }

  run(script: Script, keys: readonly string[], ...args: readonly (string | number)[]): Promise<unknown> {
    return script.run(this, keys, [this.layout.prefix, String(this.clock()), ...args.map(String)]);
  }

  async get(key: SessionKey): Promise<StoredRecord | null> {
    const name = this.layout.record(key);
    return decode((await this.connection.send(name, ["GET", name])) as string | null, this.clock());
  }

  /** The records of many keys, in their order. */
  async getMany(keys: readonly SessionKey[]): Promise<readonly (StoredRecord | null)[]> {
    if (this.connection.cluster) return Promise.all(keys.map((key) => this.get(key)));
    if (keys.length === 0) return [];
    const names = keys.map((key) => this.layout.record(key));
    const values = (await this.connection.send(names[0], ["MGET", ...names])) as (string | null)[];
    const now = this.clock();
    return values.map((value) => decode(value, now));
  }

  async counter(name: string): Promise<string> {
    return ((await this.connection.send(name, ["GET", name])) as string | null) ?? "0";
  }
}

/** Milliseconds until the server drops a record by itself. */
export function lifeOf(expiresAt: number, now: number, grace: number): number {
  return Math.min(Math.max(1, Math.ceil(expiresAt - now)) + grace, 9e15);
}
