/**
 * The deadline of every statement, laid around a driver. Errors lose here what they quote of rows and parameters.
 */
import { clearTimeout, setTimeout } from "../parts/timers.ts";
import type { Driver } from "./client.ts";
import { late, withoutContents } from "./faults.ts";
import type { Row } from "./row.ts";

/**
 * Milliseconds without an answer after which the client's other connections are looked at: a network may be cut in
 * silence.
 */
const SUSPECT = 1500;

/** Milliseconds for what makes tables and waits for others that do. */
const LONG = 60_000;

/**
 * The driver with an end to waiting. A statement that is not answered soon makes it look at the connections that are
 * idle, so that those that were lost with this one are gone before the next request meets them.
 */
export function patient(driver: Driver, timeout: number): Driver {
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    // When that fails, too, the calls themselves say what is wrong.
    await driver.renew?.().catch(() => {});
    isLooking = false;
  };
  return {
    ...driver,
    run: (statement, values) => {
      const limit = statement.isLong ? Math.max(LONG, timeout) : timeout;
      const first = Math.min(SUSPECT, limit / 2);
      return new Promise<readonly Row[]>((resolve, reject) => {
        let timer = setTimeout(() => {
          void look();
          timer = setTimeout(() => reject(late(limit)), limit - first);
        }, first);
        driver.run(statement, values).then(
          (rows) => {
            clearTimeout(timer);
            resolve(rows);
          },
          (error: unknown) => {
            clearTimeout(timer);
            reject(withoutContents(error));
          },
        );
      });
    },
  };
}
