/**
 * What is removed in the background and by `deleteExpired`: expired sessions, and the epochs of users who stay away.
 */
import type { Clock } from "../../clock.ts";
import { SWEEP, sweepInSteps } from "../parts/sweep.ts";
import type { Connections } from "./connections.ts";
import type { Statements } from "./statements.ts";
import { forgetEpochs } from "./users.ts";

/**
 * Removes expired sessions in short statements; when none is left, also the epochs that nobody needs. Answers with the
 * sessions.
 */
export async function sweep(connections: Connections, sql: Statements, limit: number, clock: Clock): Promise<number> {
  return sweepInSteps(limit, SWEEP, async (size) => {
    const removed = await connections.use((transaction) =>
      transaction.change(sql.deleteExpired, clock(), String(size)),
    );
    if (removed < size) await connections.use(forgetEpochs(sql, SWEEP, clock));
    return { removed, more: removed === size };
  });
}
