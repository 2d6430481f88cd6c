import type { SessionKey } from "../../record.ts";
import { fromText } from "../sql/text.ts";
import type { Connection } from "./connection.ts";

type Listener = (key: SessionKey) => void;

/** Milliseconds until a subscription that failed is tried again. */
const RETRY = 1000;

/** One subscription for all listeners of a store, while there are any. */
export class Watching {
  readonly #connection: Connection;
  readonly #channel: string;
  readonly #listeners: Set<{ readonly call: Listener }> = new Set();
  #stop: Promise<() => void> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: Connection, channel: string) {
    this.#connection = connection;
    this.#channel = channel;
  }

  add(call: Listener): () => void {
    const listener = { call };
    this.#listeners.add(listener);
    this.#subscribe();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    this.#listeners.clear();
    clearTimeout(this.#retry);
    this.#stop?.then(
      (stop) => stop(),
      () => {},
    );
    this.#stop = undefined;
  }

  #subscribe(): void {
    if (this.#stop !== undefined || this.#listeners.size === 0) return;
    const stop = this.#connection.subscribe(this.#channel, (message) => this.#tell(fromText(message)));
    this.#stop = stop;
    stop.catch(() => {
      if (this.#stop !== stop) return;
      this.#stop = undefined;
      this.#retry = setTimeout(() => this.#subscribe(), RETRY);
      (this.#retry as { unref?: () => void }).unref?.();
    });
  }

  #tell(key: SessionKey): void {
    for (const { call } of [...this.#listeners]) {
      try {
        call(key);
      } catch {
        // A listener's mistake must not keep the others from being told.
      }
    }
  }
}
