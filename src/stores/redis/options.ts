/**
 * The options of a Redis store: what a caller may give, and the check that makes settings of it.
 */
import type { Clock } from "../../clock.ts";
import { checkKnown, invalidOption } from "../../errors.ts";
import { clockOf, millisecondsWithin } from "../parts/bounds.ts";

/** How a Redis store is set up; everything has a default. */
export interface RedisStoreOptions {
  /**
   * What the names of all keys begin with: 1 to 100 printable ASCII characters without braces and spaces. Default
   * `"sojourn:"`. Stores with one prefix on one server are one store.
   */
  readonly prefix?: string | undefined;
  /** What an instant is compared with, on the server too. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * Number of replicas that must have a revocation (`delete`, `deleteAll`, `clear`) before it is told; where a master
   * has none at all it is not waited for. A whole number of 0 to 10, default 1; 0 for never, and a failover may then
   * bring back who was just logged out. As many as there are, when a replica may be cut off together with its master;
   * revocations are then rejected while one is down.
   */
  readonly waitReplicas?: number | undefined;
  /**
   * Milliseconds to wait for them; then the revocation is rejected, though it is in force. The connection carries
   * nothing else for 40 of them at a time. 1 to 60,000, default 500.
   */
  readonly waitTimeout?: number | undefined;
  /**
   * Milliseconds that an exchange with the server may take; then it is rejected, and when nothing at all has come
   * meanwhile the store makes a connection of its own in place of that one. For one server and for Sentinel by
   * `ioredis`. 50 to 600,000, default 2,000.
   */
  readonly timeout?: number | undefined;
}

export interface RedisSettings {
  readonly prefix: string;
  readonly clock: Clock;
  readonly waitReplicas: number;
  readonly waitTimeout: number;
  readonly timeout: number;
}

function whole(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidOption(option, value, `a whole number from ${least} to ${most}`);
}

const KNOWN = { prefix: true, clock: true, waitReplicas: true, waitTimeout: true, timeout: true } as const;

export function checkOptions(options: RedisStoreOptions): RedisSettings {
  checkKnown(options, KNOWN);
  const { prefix = "sojourn:", clock, waitReplicas, waitTimeout, timeout } = options;
  // Braces would decide the slot, and a space ends the name in an operator's tools.
  if (typeof prefix !== "string" || !/^[!-z|~]{1,100}$/.test(prefix)) {
    throw invalidOption("prefix", prefix, "1 to 100 printable ASCII characters without braces and spaces");
  }
  return {
    prefix,
    clock: clockOf(clock),
    waitReplicas: whole("waitReplicas", waitReplicas ?? 1, 0, 10),
    waitTimeout: whole("waitTimeout", waitTimeout ?? 500, 1, 60_000),
    timeout: millisecondsWithin("timeout", timeout ?? 2000, 50, 600_000),
  };
}
