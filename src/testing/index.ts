/**
 * For tests of stores and of applications: the contract that every store passes, a clock
 * that stands still, and a store whose calls can be held, failed and counted.
 *
 * @module
 */
export { ContractViolation } from "./assert.ts";
export { type StoreContractOptions, type StoreContractReport, storeContract } from "./contract/contract.ts";
export type { StoreContext } from "./contract/trial.ts";
export { type FakeClock, fakeClock } from "./fake-clock.ts";
export {
  type CallFilter,
  type FaultOptions,
  type Gate,
  type InstrumentedStore,
  instrumentedStore,
  type StoreVerb,
} from "./instrumented-store.ts";
