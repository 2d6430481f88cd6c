/**
 * The options of a file store, with their defaults and bounds.
 */
import { resolve } from "node:path";
import type { Clock } from "../../clock.ts";
import { checkKnown, invalidOption } from "../../errors.ts";
import { clockOf, millisecondsWithin } from "../parts/bounds.ts";

/** Where sessions are kept, and how safely. */
export interface FileStoreOptions {
  /** A folder of its own; made when missing, readable for its owner only. Nobody else may be able to write to it. */
  readonly directory: string;
  /**
   * `"fsync"` (default): an answer means that a power cut cannot take the write back, a logout included.
   * `"rename"`: safe when the process is killed, not when the machine is; several times faster.
   */
  readonly durability?: "fsync" | "rename" | undefined;
  /** Milliseconds since the epoch; default the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * Milliseconds from one sweep of expired records to the next, on average; `false` for never, when something
   * else calls `deleteExpired`. A sweep reads every file, and rests for as long as it works. 1,000 to 86,400,000,
   * default 600,000.
   */
  readonly sweepEvery?: number | false | undefined;
  /**
   * Milliseconds from one look for sessions that other processes ended to the next, while somebody
   * watches; the longest that `watch` is late. 10 to 60,000, default 500.
   */
  readonly watchEvery?: number | undefined;
}

/** The options with every default filled in and every bound checked. */
export interface FileSettings {
  readonly directory: string;
  readonly durable: boolean;
  readonly clock: Clock;
  readonly sweepEvery: number | false;
  readonly watchEvery: number;
}

const KNOWN = { directory: true, durability: true, clock: true, sweepEvery: true, watchEvery: true } as const;

export function checkOptions(options: string | FileStoreOptions): FileSettings {
  const given: FileStoreOptions = typeof options === "string" ? { directory: options } : options;
  checkKnown(given, KNOWN);
  const { directory, durability = "fsync", sweepEvery = 600_000, watchEvery = 500 } = given;
  if (typeof directory !== "string" || directory === "")
    throw invalidOption("directory", directory, "the path of a folder");
  if (durability !== "fsync" && durability !== "rename")
    throw invalidOption("durability", durability, '"fsync" or "rename"');
  return {
    directory: resolve(directory),
    durable: durability === "fsync",
    clock: clockOf(given.clock),
    sweepEvery: sweepEvery === false ? false : millisecondsWithin("sweepEvery", sweepEvery, 1000, 86_400_000),
    watchEvery: millisecondsWithin("watchEvery", watchEvery, 10, 60_000),
  };
}
