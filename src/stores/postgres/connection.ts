/**
 * The life of a store's database: it is opened on first use, opened again when its tables are gone, swept, and closed.
 */
import { SessionError } from "../../errors.ts";
import { SWEEP, startSweeping } from "../parts/sweep.ts";
import { clearTimeout, setTimeout } from "../parts/timers.ts";
import type { Driver } from "./client.ts";
import { toDriver } from "./client.ts";
import { connectByUrl } from "./connect.ts";
import { isMissing, isRolledBack } from "./faults.ts";
import { Feed } from "./feed.ts";
import type { Line } from "./listener.ts";
import type { Names } from "./names.ts";
import type { PostgresSettings } from "./options.ts";
import { patient } from "./patience.ts";
import { prepareDatabase } from "./prepare.ts";
import type { Row, Value } from "./row.ts";
import type { Statements } from "./statements.ts";
import { statementsFor } from "./statements.ts";

/** Milliseconds that `close` waits at most for what is under way. */
const CLOSE_PATIENCE = 10_000;

interface Opened {
  readonly driver: Driver;
  readonly names: Names;
  readonly statements: Statements;
}

/**
 * The database behind one store: looked at on first use, then asked once per verb; swept, watched and closed. When
 * looking fails, or the tables are gone one day, the next call looks again, so nothing needs a restart.
 */
export class Connection {
  readonly feed: Feed;
  readonly #settings: PostgresSettings;
  #driver: Promise<Driver> | undefined;
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #closing: Promise<void> | undefined;
  #stopSweeping: (() => void) | undefined;
  #sweep: (() => () => void) | undefined;
  #running = 0;
  #onIdle: (() => void) | undefined;

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
    this.feed = new Feed({ connect: () => this.#connectFeed(), register: () => this.run("watched", []) });
  }

  /** Sends one statement and answers with its rows. */
  async run(which: keyof Statements, values: readonly Value[]): Promise<readonly Row[]> {
    this.checkOpen();
    this.#running += 1;
    try {
      return await this.#send(which, values).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
        // The server has done nothing. What was dropped is made again, or told by name.
        this.#forget();
        return this.#send(which, values);
      });
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#onIdle?.();
    }
  }

  async #send(which: keyof Statements, values: readonly Value[]): Promise<readonly Row[]> {
    const { driver, statements } = this.#opened ?? (await this.#open());
    return retrying(() => driver.run(statements[which], values));
  }

  /** Starts removing expired records in the background, from the first call on. */
  sweepWith(step: (limit: number) => Promise<number>): void {
    const { sweepEvery } = this.#settings;
    if (sweepEvery !== false) this.#sweep = () => startSweeping(sweepEvery, SWEEP, step);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  checkOpen(): void {
    if (this.#closing) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The PostgreSQL store has been closed.");
  }

  #forget(): void {
    this.#opened = undefined;
    this.#opening = undefined;
  }

  async #connect(): Promise<Driver> {
    const { source, timeout } = this.#settings;
    const driver =
      typeof source === "string" ? await connectByUrl(source, this.#settings) : toDriver(source, this.#settings);
    return patient(driver, timeout);
  }

  #open(): Promise<Opened> {
    this.#opening ??= this.#look().then(
      (opened) => {
        this.#opened = opened;
        if (!this.#closing) this.#stopSweeping ??= this.#sweep?.();
        return opened;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  async #look(): Promise<Opened> {
    this.#driver ??= this.#connect();
    this.#driver.catch(() => {
      this.#driver = undefined;
    });
    const driver = await this.#driver;
    const names = await retrying(() => prepareDatabase(driver, this.#settings));
    return { driver, names, statements: statementsFor(names) };
  }

  async #connectFeed(): Promise<Line | undefined> {
    const { listen } = this.#settings;
    if (listen === false) return undefined;
    const { driver, names } = this.#opened ?? (await this.#open());
    const connect = listen ?? driver.listen;
    if (!connect) return undefined;
    await this.run("watched", []);
    return { channel: names.channel, client: await connect() };
  }

  async #close(): Promise<void> {
    this.feed.stop();
    this.#stopSweeping?.();
    await this.#idle();
    const driver = await this.#driver?.catch(() => undefined);
    await driver?.close();
  }

  async #idle(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_PATIENCE);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Milliseconds before the second and third try, at most. */
const PAUSES = [5, 10] as const;

/**
 * Runs a statement, and twice more at most where the server itself has taken it back. Never after an answer that was
 * lost: nobody knows whether that one was applied, so it is a failure.
 */
export function retrying<T>(run: () => Promise<T>, turn = 0): Promise<T> {
  return run().catch(async (error: unknown) => {
    const pause = PAUSES[turn];
    if (pause === undefined || !isRolledBack(error)) throw error;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, pause * Math.random());
    });
    return retrying(run, turn + 1);
  });
}
