import type { SessionKey } from "../../record.ts";
import { fromText } from "../sql/text.ts";
import type { Line } from "./listener.ts";
import { listenTo } from "./listener.ts";

/** How a feed reaches the database. */
export interface FeedSource {
  /** Says that somebody listens, for a minute: only then do other stores tell. */
  register(): Promise<unknown>;
  /** Registers, and gives the connection to listen on; undefined where there is none. */
  connect(): Promise<Line | undefined>;
}

/** Milliseconds from one registration to the next: three may fail. */
const RENEWAL = 15_000;

const ORIGIN = 8;

/**
 * Tells listeners which sessions ended. What this store ends is told at once, so that it needs no connection; what
 * others end comes by NOTIFY, as the mark of the store that ended it and the key.
 */
export class Feed {
  /** Goes before each key, so that a store leaves out what it has told already. */
  readonly origin: string = crypto.randomUUID().slice(0, ORIGIN);
  readonly #listeners = new Set<{ readonly call: (key: SessionKey) => void }>();
  readonly #source: FeedSource;
  #stop: (() => void) | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  tell(ended: readonly SessionKey[]): void {
    for (const key of ended) {
      for (const listener of this.#listeners) {
        try {
          listener.call(key);
        } catch {
          // One listener's mistake is neither another's nor the store's.
        }
      }
    }
  }

  watch(call: (key: SessionKey) => void): () => void {
    const listener = { call };
    this.#listeners.add(listener);
    this.#stop ??= this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  stop(): void {
    this.#listeners.clear();
    this.#stop?.();
    this.#stop = undefined;
  }

  #start(): () => void {
    let stop: (() => void) | undefined;
    let renewal: ReturnType<typeof setInterval> | undefined;
    let stopped = false;
    const connect = async (): Promise<Line> => {
      const found = await this.#source.connect();
      if (found) {
        if (!stopped) renewal ??= this.#renew();
        return found;
      }
      // Nothing to listen on, now or later.
      stop?.();
      throw new Error("no connection to listen on");
    };
    const hear = (payload: string): void => {
      if (!stopped && !payload.startsWith(this.origin)) this.tell([fromText(payload.slice(ORIGIN))]);
    };
    stop = listenTo(connect, hear);
    return () => {
      stopped = true;
      clearInterval(renewal);
      stop?.();
    };
  }

  #renew(): ReturnType<typeof setInterval> {
    const renewal = setInterval(() => void this.#source.register().catch(() => {}), RENEWAL);
    (renewal as { unref?: () => void }).unref?.();
    return renewal;
  }
}
