/**
 * Sojourn: sessions for TypeScript servers.
 *
 * @module
 */

export type { Clock } from "./clock.ts";
export type { BinaryCodec, Codec, TextCodec } from "./codec/codec.ts";
// Options.
export type { BaseOptions, InitialOption, LimitOptions, StatelessOptions, StoreOptions } from "./config/options.ts";
export type { Secrets } from "./crypto/secrets.ts";
export type { CsrfOptions } from "./csrf/policy.ts";
export type { Duration } from "./duration.ts";
export type { SessionErrorCode } from "./errors.ts";
// What can go wrong, and what happened.
export { isSessionError, SessionError } from "./errors.ts";
export type { EndReason, EventType, Hooks, RejectReason, SessionEvent } from "./events.ts";
// The way in.
export { createSessions } from "./manager.ts";
export type { LifetimeOptions, Preset } from "./record/lifetime.ts";
export type { Device, Flash } from "./record/meta.ts";
export type { ShapeOptions, StandardSchema } from "./record/schema.ts";
// For authors of stores, codecs, transports and adapters.
export type { SessionKey, SessionRecord, StoredRecord, Version } from "./record.ts";
export { describeDevice } from "./session/device.ts";
export type { LoginOptions } from "./session/lifecycle.ts";
export type { Session } from "./session/session.ts";
export type {
  AllSessions,
  CommitOptions,
  HandleOptions,
  Handler,
  OpenOptions,
  Policy,
  Protection,
  ReadBody,
  SessionInfo,
  Sessions,
  StoreSessions,
  UserSessions,
} from "./sessions.ts";
export type {
  Admission,
  AdmitResult,
  ClosableStore,
  Consistency,
  DeleteAllOptions,
  EndStore,
  Entry,
  Epoch,
  HealthStore,
  Page,
  PageRequest,
  Replaced,
  ReplaceResult,
  ReplaceStore,
  ScanStore,
  Store,
  SweepStore,
  UpdateResult,
  UserStore,
  WatchStore,
} from "./stores/store.ts";
export { applyHeaders } from "./transport/apply.ts";
export type { CookieOptions } from "./transport/cookie-options.ts";
export type { FetchRequest, NodeRequestLike, RequestLike } from "./transport/source.ts";
export type { HeaderOp, Lease, LinkTransport, RequestSource, Transport } from "./transport/transport.ts";
