import { resolve } from "node:path";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { invalidOption } from "../errors.ts";
import type { FileStore } from "./file/files.ts";
import { Files } from "./file/files.ts";

export type { FileStore } from "./file/files.ts";

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
}

/**
 * Keeps each session in a file: for one machine without a database. Any number of processes may share
 * the folder; writes are exact between them, and one that is killed in the middle of a write neither
 * loses what it answered nor blocks the others.
 *
 * It cannot be good at scale, and does not try: a write costs several system calls and, by default, two
 * or more waits for the device; processes that want one record take turns by polling; listing, scanning
 * and `deleteExpired` read every file that they pass. A few thousand sessions are fine. For more, or for
 * more than one machine, use SQLite or a server. The folder must be on a local file system, and the
 * processes in one pid namespace (not in containers of their own). Worker threads may share it as well,
 * but must not be terminated in the middle of a call. Call `deleteExpired` now and then; it also removes what
 * killed processes left.
 *
 * Files are named by the SHA-256 of the key, have mode 0600, and are written beside their place and
 * renamed into it. What is in them is not encrypted by the store.
 *
 * @throws SOJOURN_INVALID_OPTION for a mistake in the options. The verbs reject with it when others can
 * write to the folder, with SOJOURN_STORE_UNAVAILABLE when the store was closed or another process holds a record for more
 * than ten seconds, and with the system's error when the disk fails.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ store: fileStore("./.sessions") });
 * ```
 */
export function fileStore(options: string | FileStoreOptions): FileStore {
  const {
    directory,
    durability = "fsync",
    clock = systemClock,
  } = typeof options === "string" ? { directory: options } : options;
  if (typeof directory !== "string" || directory === "")
    throw invalidOption("directory", directory, "the path of a folder");
  if (durability !== "fsync" && durability !== "rename")
    throw invalidOption("durability", durability, '"fsync" or "rename"');
  if (typeof clock !== "function") throw invalidOption("clock", clock, "a function that returns milliseconds");
  return new Files(resolve(directory), durability === "fsync", clock);
}
