/** A store over real servers, and what can be done to them. */
import type { Clock } from "../../src/clock.ts";
import type { Store } from "../../src/stores/store.ts";
import type { Kind } from "./ledger.ts";

export interface Fault {
  /** Begins it; and ends it, so that nothing is left of it on the servers. */
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
  /** Promises that the server itself does not keep through this fault. */
  readonly permits?: readonly Kind[] | undefined;
  /** Promises that it does not keep only while the fault lasts. */
  readonly permitsMeanwhile?: readonly Kind[] | undefined;
  /** Clients stay with one process of the application: two see different servers. */
  readonly divides?: boolean | undefined;
  /** Why not, in a sentence for the documentation. */
  readonly because?: string | undefined;
  /** Requests are expected to fail meanwhile: a run in which none did has not tested anything. */
  readonly fails: boolean;
}

/** A store, and the client that it was given. */
export interface Opened {
  readonly store: Store;
  /** Ends the client. */
  close(): Promise<unknown> | unknown;
}

export interface Backend {
  /** As `--store` names it. */
  readonly name: string;
  /** The server with its version. */
  readonly server: string;
  /** What the server promises of what it acknowledged, as it is set up here. */
  readonly promise: string;
  /** What else a reader of its numbers must know. */
  readonly note?: string | undefined;
  /** A store for one process of the application, with a client set up as the documentation says. */
  open(process: number, clock: Clock): Promise<Opened>;
  readonly faults: Readonly<Record<string, Fault>>;
  /** Connections of the application that the servers have now. */
  connections(): Promise<number>;
  /** As many as its clients may come to when they have met every server; default: what there were before the fault. */
  readonly mostConnections?: number | undefined;
  /** Milliseconds for which another process may not know of an end: a cache. */
  readonly staleness?: number | undefined;
  close(): Promise<void>;
}

export type StartBackend = () => Promise<Backend>;

/** Some of the faults, where the others are those of another backend. */
export function pick(
  faults: Readonly<Record<string, Fault>>,
  ...names: readonly string[]
): Readonly<Record<string, Fault>> {
  return Object.fromEntries(names.map((name) => [name, faults[name] as Fault]));
}
