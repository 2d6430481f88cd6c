/**
 * The ends of sessions for `watch`: this store's own are told directly, and others' come by NOTIFY. The connection
 * that hears them is kept in `listener.ts`.
 */
import type { SessionKey } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { fromText } from "../parts/text.ts";
import { clearInterval, setInterval } from "../parts/timers.ts";
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
  readonly #listeners: Listeners = new Listeners(() => this.stop());
  readonly #source: FeedSource;
  #stop: (() => void) | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  tell(ended: readonly SessionKey[]): void {
    this.#listeners.tell(ended);
  }

  watch(call: (key: SessionKey) => void): () => void {
    const unwatch = this.#listeners.add(call);
    this.#stop ??= this.#start();
    return unwatch;
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
