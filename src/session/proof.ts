/**
 * What a request showed: made once when its session is opened, and never changed.
 */
import type { GenerationVerdict } from "../record/generation.ts";
import type { SessionKey } from "../record.ts";
import type { RequestSource, Transport } from "../transport/transport.ts";

/**
 * Why a session is anonymous: the client brought nothing (`none`), a session that is over (`expired`, `ended`), an id
 * that a login or a rotation replaced (`replaced`), one that the store does not know (`unknown`: over for longer than
 * ends are remembered), a value that was not accepted (`rejected`), or the store was down (`outage`).
 */
export type AnonymousBecause = "none" | "expired" | "ended" | "replaced" | "unknown" | "rejected" | "outage";

export interface Proof {
  /** Undefined for a session that was reached by its id, outside a request. */
  readonly source: RequestSource | undefined;
  /** When the request arrived, in milliseconds of the clock. */
  readonly openedAt: number;
  /** The same, told apart from all other instants of this process: what a login's revocation is compared with. */
  readonly arrivedAt: number;
  /** Whether the request is a sign of life. */
  readonly mayTouch: boolean;
  /** No cookie can be sent: the session can be read, and changed where that needs none. */
  readonly readOnly: boolean;
  /** A page that is fetched in case somebody wants it: no sign of life, and nobody reads its messages. */
  readonly prefetch: boolean;
  /** The client sent a value that may be a session's. */
  readonly presents: boolean;
  /** The transport that proved the session; undefined when anonymous. */
  readonly transport: Transport | undefined;
  /** The id that was proved, of a session that is alive or not. */
  readonly key: SessionKey | undefined;
  readonly verdict: GenerationVerdict;
  /** The generation that the client presented; a response for an older one must not be sent. */
  readonly generation: number;
  readonly outdated: boolean;
  /** Undefined for a session that is alive. */
  readonly anonymousBecause: AnonymousBecause | undefined;
  /** Other live sessions whose tokens came with the request: a login ends them. */
  readonly rivals: readonly SessionKey[];
}
