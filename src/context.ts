/**
 * What one `createSessions` sets up once and every request shares: resolved, checked, frozen.
 */

import type { Clock, Stamp } from "./clock.ts";
import type { Codec } from "./codec/codec.ts";
import type { KeyRing } from "./crypto/keyring.ts";
import type { CsrfPolicy } from "./csrf/policy.ts";
import type { Emit } from "./events.ts";
import type { Lifetime } from "./record/lifetime.ts";
import type { Device } from "./record/meta.ts";
import type { KeyQueue } from "./record/queue.ts";
import type { Records } from "./record/records.ts";
import type { Shape } from "./record/schema.ts";
import type { Graveyard } from "./record/tombstone.ts";
import type { Endings } from "./session/signal.ts";
import type { Bearer } from "./token/token.ts";
import type { Verify } from "./token/verify.ts";
import type { HeaderOp, RequestSource, Transport } from "./transport/transport.ts";

/** Where a session lives. */
export type Mode = "server" | "tracked" | "stateless";

export interface Context {
  readonly mode: Mode;
  /** The only caller of the store. */
  readonly records: Records;
  /** What ends need. */
  readonly graveyard: Graveyard;
  readonly bearer: Bearer;
  readonly verify: Verify;
  /** Which part of the content is in the value, so that a change of it needs a new value. */
  readonly carries: Bearer["carries"];
  readonly codec: Codec;
  /** What the data may take, encoded. */
  readonly mostDataBytes: number;
  readonly shape: Shape;
  readonly transports: readonly [Transport, ...Transport[]];
  readonly lifetime: Lifetime;
  /**
   * How far in the future a session may have begun, by the clock here; without a bound where the store vouches for it.
   */
  readonly mostSkewMs: number;
  readonly rotateEvery: number;
  readonly rotationGrace: number;
  readonly onReuse: "revoke" | "report";
  readonly onOutage: "error" | "anonymous";
  readonly limit: number | undefined;
  readonly onLimit: "evict-oldest" | "reject";
  /** For a response that hands out a value, and for one that only depends on the session. */
  readonly caching: Readonly<Record<"set" | "default", readonly HeaderOp[]>>;
  readonly device: (source: RequestSource) => Device | undefined;
  /** Undefined when the application protects itself. */
  readonly csrf: CsrfPolicy | undefined;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly stamp: Stamp;
  readonly emit: Emit;
  readonly queue: KeyQueue;
  readonly endings: Endings;
  /** The platform hashes asynchronously, so ids of new sessions are made when they are opened. */
  readonly namesAhead: boolean;
}
