/**
 * What cases of the contract and groups of them look like. What a case is given to run with is in `trial.ts`.
 */
import type { Store } from "../../stores/store.ts";
import type { Trial } from "./trial.ts";

/** What a case asks of the backend before it can be run. */
export type Requirement =
  /** Expiry follows the clock that the store was given. */
  | "injected-clock"
  /** Records outlive the store that wrote them. */
  | "durable"
  /** Two opens with one name see the same records. */
  | "shared"
  /** `consistency: "cas"`. */
  | "compare-and-set"
  /** `consistency: "cas"` or `"insert-update"`. */
  | "insert-update";

export interface Case<S extends Store> {
  readonly name: string;
  readonly needs?: readonly Requirement[] | undefined;
  readonly run: (trial: Trial<S>) => Promise<void>;
}

/** Cases about one thing. */
export interface Group<S extends Store> {
  readonly name: string;
  readonly cases: readonly Case<S>[];
  /** Whether the cases are also run over two handles of one backend. */
  readonly acrossHandles?: boolean | undefined;
}

/** Runs the same call so many times at once and waits for all. */
export function together<T>(times: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => call(index)));
}
