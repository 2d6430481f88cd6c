import { describe, it } from "vitest";
import type { Store } from "../../src/stores/store.ts";
import { type StoreContractOptions, storeContract } from "../../src/testing/contract/contract.ts";
import { repeatably, SEED } from "./seed.ts";

export interface ContractOptions<S extends Store> extends Omit<StoreContractOptions<S>, "describe" | "it" | "seed"> {
  /** Tells this store from others of the same kind. */
  readonly title?: string | undefined;
  /** Groups and cases that are not tried, by their names. */
  readonly leaveOut?: RegExp | undefined;
}

/** The published contract suite under vitest, with the seed of this run. */
export async function contract<S extends Store>({ title, leaveOut, ...options }: ContractOptions<S>): Promise<void> {
  let nested = false;
  await storeContract({
    ...options,
    seed: SEED,
    describe: (name, body) => {
      if (leaveOut?.test(name)) return;
      const group = (): void => {
        nested = true;
        body();
      };
      describe(nested || title === undefined ? name : `${name}, ${title}`, group);
    },
    it: (name, body) => {
      if (!leaveOut?.test(name)) it(name, () => repeatably(body));
    },
  });
}
