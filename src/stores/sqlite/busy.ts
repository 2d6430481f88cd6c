/**
 * What a locked database means to a call: how it is recognised, how long the call waits between tries, and when it
 * gives up.
 */
import { SessionError } from "../../errors.ts";
import { setTimeout, stopwatchNow } from "../parts/timers.ts";

const BUSY = 5;
const LOCKED = 6;

/**
 * Whether the statement can be tried again later: another process holds the lock, or the application
 * has a transaction of its own open on the same connection. The drivers spell the result code in
 * `code` (better-sqlite3, libsql, bun:sqlite) or in `errcode` (node:sqlite); the low byte is the primary code.
 */
export function isBusy(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  if (typeof code === "string" && /^SQLITE_(BUSY|LOCKED)/.test(code)) return true;
  if (typeof errcode === "number" && [BUSY, LOCKED].includes(errcode & 0xff)) return true;
  return typeof message === "string" && /database (table )?is locked|within a transaction/.test(message);
}

/** After so many milliseconds of waiting the lock is asked for twice as often, after twice as many four times. */
const HALVED_AFTER = 600;

/**
 * How long to wait for the lock before the next try: 1 to 48 ms, longer with every turn, at random so that two
 * processes do not keep in step; but the longer the lock has been waited for, the shorter again. Nobody queues for
 * SQLite's lock: whoever asks first after a commit gets it, and so those who have waited long must ask more often than
 * those who have just come.
 *
 * @param waited Milliseconds since the first try.
 */
export function pauseAfter(turn: number, waited: number): number {
  return Math.max(1, Math.min(2 ** turn, 32 / 2 ** (waited / HALVED_AFTER))) * (0.5 + Math.random());
}

export function pause(turn: number, waited: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, pauseAfter(turn, waited));
  });
}

export function stillBusy(waited: number, cause: unknown): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `The SQLite database stayed locked for ${waited} ms ("busyTimeout"): another process, or an open transaction on ` +
      "the same connection, holds it. End that transaction, or raise the option.",
    cause,
  );
}

/**
 * Runs work, again and again while the database is busy, up to `total` milliseconds. The waiting
 * is done here and not by SQLite's busy timeout, which would stop the event loop for as long.
 */
export async function whileBusy<T>(total: number, work: () => T | Promise<T>): Promise<T> {
  const start = stopwatchNow();
  for (let turn = 0; ; turn++) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (stopwatchNow() >= start + total) throw stillBusy(total, error);
    }
    await pause(turn, stopwatchNow() - start);
  }
}
