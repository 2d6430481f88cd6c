/** A store with what is behind it: the same questions to each. */
import type { Store } from "sojourn";
import type { SweepStore, UserStore } from "../../src/stores/store.ts";
import type { Fresh } from "./population.ts";

export type AnyStore = Store & Partial<UserStore & SweepStore> & { close(): Promise<void> };

export interface World {
  readonly store: AnyStore;
  /** Rows straight into the tables, in the store's own format; what was written is read through the store afterwards. */
  readonly insert?: (sessions: readonly Fresh[]) => Promise<void>;
  /** Done once after the fill, as a database does by itself after a while. */
  readonly settle?: () => Promise<void>;
  /** What the sessions take where they are kept; named in `measured`. */
  readonly bytes: () => Promise<number>;
  readonly measured: string;
  /** Bytes that went into logs and files so far; for what writes any. */
  readonly written?: () => Promise<number>;
  /** After which a database writes whole pages for a while. */
  readonly checkpoint?: () => Promise<void>;
  /** Lets the server drop these by its own clock. */
  readonly expireAt?: (keys: readonly string[], instant: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** @param clock The application's; moved on to let sessions expire. */
export type OpenWorld = (clock: () => number) => Promise<World>;
