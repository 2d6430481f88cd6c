import type { Clock } from "../../clock.ts";
import type { Connections } from "./connections.ts";
import type { Statements } from "./statements.ts";
import { forgetEpochs } from "./users.ts";

/** Rows that one statement removes: some milliseconds, after which whoever waited gets through. */
const STEP = 500;

/** Removes expired sessions in short statements; when none is left, also the epochs that nobody needs. Answers with the sessions. */
export async function sweep(connections: Connections, sql: Statements, limit: number, clock: Clock): Promise<number> {
  let total = 0;
  while (total < limit) {
    const size = Math.min(STEP, limit - total);
    const removed = await connections.use((session) => session.change(sql.deleteExpired, clock(), String(size)));
    total += removed;
    if (removed < size) {
      await connections.use(forgetEpochs(sql, STEP, clock));
      break;
    }
  }
  return total;
}
