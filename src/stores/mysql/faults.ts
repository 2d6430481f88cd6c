/**
 * The errors of the server by their numbers, those that the store makes itself, and the pause before work that the
 * server has undone is tried again.
 */
import { SessionError } from "../../errors.ts";
import { setTimeout } from "../parts/timers.ts";

function numberOf(error: unknown): number {
  const { errno } = (typeof error === "object" && error !== null ? error : {}) as { errno?: unknown };
  return typeof errno === "number" ? errno : 0;
}

const NO_SUCH_TABLE = 1146;
const DUPLICATE_KEY = 1062;

/**
 * The server has undone the work because of others, and it can be done again: a deadlock, a lock that was held too
 * long, and (MariaDB 11.6 and later, innodb_snapshot_isolation) a row that changed since the transaction's first read.
 */
const UNDONE = [1213, 1205, 1020];

/**
 * This server takes no writes: read_only, or a primary that has become a replica. mysql2 would keep the connection, and
 * after a failover all of a pool would stay with the wrong server.
 */
const READ_ONLY = [1290, 1792, 1836];

export const isMissingTable = (error: unknown): boolean => numberOf(error) === NO_SUCH_TABLE;
/** The account may not do that: to a table, in the database, with the server. */
export const isDenied = (error: unknown): boolean => [1142, 1044, 1227].includes(numberOf(error));
export const isDuplicate = (error: unknown): boolean => numberOf(error) === DUPLICATE_KEY;
export const isUndone = (error: unknown): boolean => UNDONE.includes(numberOf(error));
export const isReadOnly = (error: unknown): boolean => READ_ONLY.includes(numberOf(error));

export function tooLarge(bytes: number, most: number): SessionError {
  return new SessionError(
    "SOJOURN_RECORD_TOO_LARGE",
    `A session of ${bytes} bytes is more than the MySQL server takes in one statement (max_allowed_packet = ` +
      `${most}). Nothing was stored.`,
  );
}

export function late(timeout: number): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `MySQL did not answer within ${timeout} ms ("timeout"). A write may have been applied; it is not repeated.`,
  );
}

export function closed(): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", "The MySQL store has been closed.");
}

/** Waits longer with every turn, at random so that two transactions do not meet again. */
export function pause(turn: number): Promise<void> {
  const ms = Math.min(2 ** turn, 32) * (0.5 + Math.random());
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
