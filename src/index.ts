/**
 * Sojourn: sessions for TypeScript servers.
 *
 * @module
 */

export type { Clock } from "./clock.ts";
export type { BinaryCodec, Codec, TextCodec } from "./codec/codec.ts";
export type { Secrets } from "./crypto/secrets.ts";
export type { CsrfOptions } from "./csrf/policy.ts";
export { describeDevice } from "./devices.ts";
export type { Duration } from "./duration.ts";
export type { SessionErrorCode } from "./errors.ts";
// What can go wrong, and what happened.
export { isSessionError, SessionError } from "./errors.ts";
export type { EndReason, EventType, Hooks, RejectReason, SessionEvent } from "./events.ts";
export type { HandleOptions, Handler } from "./handle.ts";
export type { LoginOptions } from "./lifecycle.ts";
export type { LifetimeOptions, Preset } from "./lifetime.ts";
export type { AllSessions, OpenOptions, Policy, Sessions, StoreSessions, UserSessions } from "./manager.ts";
// The way in.
export { createSessions } from "./manager.ts";
export type { Device, Flash } from "./meta.ts";
// Options.
export type { BaseOptions, InitialOption, LimitOptions, StatelessOptions, StoreOptions } from "./options.ts";
export type { Protection, ReadBody } from "./protect.ts";
// For authors of stores, codecs, transports and adapters.
export type { SessionKey, SessionRecord, StoredRecord, Version } from "./record.ts";
export type { FetchRequest, RequestLike } from "./request.ts";
export type { Session } from "./session.ts";
export type { ShapeOptions, StandardSchema } from "./shape.ts";
export type {
  Admission,
  AdmitResult,
  ClosableStore,
  Consistency,
  Entry,
  Epoch,
  HealthStore,
  Page,
  PageRequest,
  ScanStore,
  Store,
  SweepStore,
  UpdateResult,
  UserStore,
  WatchStore,
} from "./stores/store.ts";
export { applyHeaders } from "./transport/apply.ts";
export type { CookieOptions } from "./transport/cookie-options.ts";
export type { HeaderOp, Lease, RequestSource, Transport } from "./transport/transport.ts";
export type { SessionInfo } from "./users.ts";
