/**
 * The connection as the verbs use it: each command has a deadline, a refusal of the server is explained, and a
 * connection that has fallen silent is replaced where another can be made.
 */
import type { Connection, Opened, Send } from "./connection.ts";
import { explain } from "./explain.ts";
import { Patience } from "./patience.ts";

/**
 * A connection that is given up for a new one when it has fallen silent: a load balancer that drops it tells nobody,
 * and the kernel goes on trying for a quarter of an hour. The application's client is left as it is; the store then has
 * one of its own.
 */
export class Link implements Connection {
  readonly cluster: boolean;
  readonly deaf: boolean;
  readonly #first: Connection;
  readonly #timeout: number;
  readonly #explain: (error: unknown) => unknown;
  readonly #patience: Patience;
  /** Called when there is a new connection. */
  onRenewed: () => void = () => {};
  #current: Opened;
  #isSuspect = false;
  #renewal: Promise<Connection> | undefined;
  #closed = false;

  constructor(first: Connection, timeout: number, prefix: string) {
    this.cluster = first.cluster;
    this.deaf = first.deaf;
    this.#first = first;
    this.#timeout = timeout;
    this.#explain = (error) => explain(error, prefix);
    this.#patience = new Patience(timeout, (connection) => this.#suspect(connection));
    this.#current = { connection: first, end: () => void first.close?.() };
  }

  async open(): Promise<void> {
    await this.#first.open?.();
  }

  send(key: string | undefined, args: string[]): Promise<unknown> {
    const { connection } = this.#current;
    if (!this.#isSuspect) return this.#patience.wait(connection, connection.send(key, args), this.#explain);
    const call = this.#renewed().then((renewed) => renewed.send(key, args));
    return this.#patience.wait(this, call, this.#explain);
  }

  async masters(): Promise<readonly Send[]> {
    const connection = this.#isSuspect ? await this.#renewed() : this.#current.connection;
    const masters = await this.#patience.wait(connection, connection.masters(), this.#explain);
    return masters.map(
      (send): Send =>
        (args) =>
          this.#patience.wait(connection, send(args), this.#explain),
    );
  }

  async subscribe(channel: string, onMessage: (message: string) => void, over: AbortSignal): Promise<() => void> {
    const connection = this.#isSuspect ? await this.#renewed() : this.#current.connection;
    return connection.subscribe(channel, onMessage, over);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#renewal?.catch(() => {});
    this.#current.end();
  }

  /** Somebody waited in vain: if for the present connection, there is to be a new one. */
  #suspect(connection: object): void {
    if (connection !== this.#current.connection || this.#first.another === undefined || this.#closed) return;
    this.#isSuspect = true;
    this.#renewed().catch(() => {});
  }

  /** One attempt at a time, which all share that wait; the next call makes the next. */
  #renewed(): Promise<Connection> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #renew(): Promise<Connection> {
    const { another } = this.#first;
    if (another === undefined) return this.#first;
    const opened = await another(this.#timeout);
    const former = this.#current;
    this.#current = opened;
    this.#isSuspect = false;
    former.end();
    this.onRenewed();
    return opened.connection;
  }
}
