/**
 * The subscription over which `watch` hears which sessions ended: it is tried when nothing comes, and renewed when it
 * is lost.
 */
import { SessionError } from "../../errors.ts";
import type { SessionKey } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { fromText } from "../parts/text.ts";
import { clearTimeout, setTimeout } from "../parts/timers.ts";
import type { Connection } from "./connection.ts";

/** Milliseconds until a subscription that failed is tried again. */
const RETRY = 1000;

/**
 * Milliseconds without a message after which the subscription is tried, and for which its own message may be on its
 * way.
 */
const QUIET = 10_000;
const ON_ITS_WAY = 2000;

/** Published to see whether it comes back. No key is written like this. */
const BEAT = "";

/**
 * One subscription for all listeners of a store, while there are any. A client may lose it without a word, so when
 * nothing has come for a while a message is published: one for all processes together, as each of them hears it.
 */
export class Watching {
  readonly #connection: Connection;
  readonly #channel: string;
  readonly #quiet: number;
  readonly #listeners: Listeners = new Listeners(() => this.close());
  #stop: Promise<() => void> | undefined;
  #over: AbortController = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heard = false;
  #failure: unknown;

  /** @param quiet Milliseconds without a message after which the subscription is tried. */
  constructor(connection: Connection, channel: string, quiet: number = QUIET) {
    this.#connection = connection;
    this.#channel = channel;
    this.#quiet = quiet;
  }

  add(call: (key: SessionKey) => void): () => void {
    const unwatch = this.#listeners.add(call);
    this.#subscribe();
    return unwatch;
  }

  /** Throws while somebody watches and nothing would be heard. */
  check(): void {
    if (this.#listeners.size === 0 || this.#failure === undefined) return;
    throw new SessionError(
      "SOJOURN_STORE_UNAVAILABLE",
      `The subscription to "${this.#channel}" does not stand: ends of sessions in other processes are not heard.`,
      this.#failure,
    );
  }

  /** Subscribes anew, over what is the connection now. */
  again(): void {
    if (this.#stop === undefined) return;
    this.#end();
    this.#subscribe();
  }

  close(): void {
    this.#listeners.clear();
    this.#failure = undefined;
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#timer);
    // Who waits for a server that is down would go on trying for ever, and keep the process running.
    this.#over.abort();
    this.#stop?.then(
      (stop) => stop(),
      () => {},
    );
    this.#stop = undefined;
  }

  #subscribe(): void {
    if (this.#stop !== undefined || this.#listeners.size === 0) return;
    this.#over = new AbortController();
    const { signal } = this.#over;
    const hear = (message: string): void => {
      this.#heard = true;
      this.#failure = undefined;
      if (message !== BEAT) this.#listeners.tell([fromText(message)]);
    };
    const stop = this.#connection.subscribe(this.#channel, hear, signal);
    this.#stop = stop;
    stop.then(
      () => {
        // What failed before is only known to be well when it is heard from.
        if (this.#stop === stop && !this.#connection.deaf)
          this.#after(this.#failure ? 0 : this.#quiet, () => this.#beat());
      },
      (error: unknown) => {
        if (this.#stop !== stop) return;
        this.#stop = undefined;
        this.#failure = error;
        this.#after(RETRY, () => this.#subscribe());
      },
    );
  }

  #beat(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#after(this.#quiet, () => this.#beat());
      return;
    }
    // When it cannot be published either, that is for the calls to tell.
    this.#connection.send(undefined, ["PUBLISH", this.#channel, BEAT]).then(
      () => this.#after(ON_ITS_WAY, () => this.#judge()),
      () => this.#after(ON_ITS_WAY, () => this.#beat()),
    );
  }

  #judge(): void {
    if (this.#heard) {
      this.#beat();
      return;
    }
    this.#failure = new Error("a message that was published has not come back");
    this.again();
  }

  #after(milliseconds: number, run: () => void): void {
    if (this.#stop === undefined && this.#listeners.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, milliseconds);
    (this.#timer as { unref?: () => void }).unref?.();
  }
}
