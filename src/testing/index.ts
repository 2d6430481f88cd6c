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
  type CheckOptions,
  type ContradictingCall,
  type Contradiction,
  checkHistory,
  type HistoryVerdict,
} from "./history/check.ts";
export type {
  BegunEvent,
  FailEvent,
  HistoryAnswer,
  HistoryCall,
  HistoryEvent,
  HistoryValue,
  InvokeEvent,
  OkEvent,
  UnknownEvent,
} from "./history/event.ts";
export { HistoryFormatError } from "./history/operation.ts";
export {
  type HistoryRecorder,
  historyRecorder,
  type PendingCall,
  type RecordedClient,
  type RecorderOptions,
} from "./history/recorder.ts";
export { recordingStore } from "./history/recording-store.ts";
export { describeVerdict, parseHistory } from "./history/text.ts";
export {
  type CallFilter,
  type FaultOptions,
  type Gate,
  type InstrumentedStore,
  instrumentedStore,
  type StoreVerb,
} from "./instrumented-store.ts";
export type { OpenSessions } from "./interleavings/base.ts";
export {
  type InterleavingsOptions,
  type InterleavingsReport,
  type InterleavingViolation,
  runInterleavings,
} from "./interleavings/interleavings.ts";
export { interleavingDeeds, interleavingPairs } from "./interleavings/pairs.ts";
export type { PromiseName } from "./interleavings/promise-name.ts";
export type { Broken } from "./interleavings/promises.ts";
export type { OpenStore } from "./interleavings/reused-store.ts";
export type { Age, Scenario } from "./interleavings/world.ts";
export { type CookieResponse, type TestBrowser, testBrowser } from "./test-browser.ts";
