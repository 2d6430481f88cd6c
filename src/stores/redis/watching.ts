import type { SessionKey } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { fromText } from "../parts/text.ts";
import type { Connection } from "./connection.ts";

/** Milliseconds until a subscription that failed is tried again. */
const RETRY = 1000;

/** One subscription for all listeners of a store, while there are any. */
export class Watching {
  readonly #connection: Connection;
  readonly #channel: string;
  readonly #listeners: Listeners = new Listeners(() => this.close());
  #stop: Promise<() => void> | undefined;
  #over: AbortController = new AbortController();
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: Connection, channel: string) {
    this.#connection = connection;
    this.#channel = channel;
  }

  add(call: (key: SessionKey) => void): () => void {
    const unwatch = this.#listeners.add(call);
    this.#subscribe();
    return unwatch;
  }

  close(): void {
    this.#listeners.clear();
    clearTimeout(this.#retry);
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
    const tell = (message: string): void => this.#listeners.tell([fromText(message)]);
    const stop = this.#connection.subscribe(this.#channel, tell, this.#over.signal);
    this.#stop = stop;
    stop.catch(() => {
      if (this.#stop !== stop) return;
      this.#stop = undefined;
      this.#retry = setTimeout(() => this.#subscribe(), RETRY);
      (this.#retry as { unref?: () => void }).unref?.();
    });
  }
}
