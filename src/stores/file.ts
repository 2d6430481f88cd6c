/**
 * The store for a folder of files, which the processes of one machine share.
 *
 * @module
 */
import { type FileStore, Files } from "./file/files.ts";
import { checkOptions, type FileStoreOptions } from "./file/options.ts";

export type { FileStore } from "./file/files.ts";
export type { FileStoreOptions } from "./file/options.ts";

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
 * but must not be terminated in the middle of a call. Expired records, and what killed processes left, are swept away
 * now and then (`sweepEvery`). A process that is stopped in the middle of a write (SIGSTOP, a debugger) holds up what
 * the others do to the same record or user: they wait for ten seconds and then fail, until it goes on or is ended.
 *
 * Files are named by the SHA-256 of the key, have mode 0600, and are written beside their place and
 * renamed into it. What is in them is not encrypted by the store.
 *
 * @throws SOJOURN_INVALID_OPTION for a mistake in the options. The verbs reject with it when others can
 * write to the folder, with SOJOURN_STORE_UNAVAILABLE when the store was closed or another process holds a record for
 * more than ten seconds, and with the system's error when the disk fails.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ store: fileStore("./.sessions") });
 * ```
 */
export function fileStore(options: string | FileStoreOptions): FileStore {
  return new Files(checkOptions(options));
}
