/** Serialisation failure and deadlock: the server has rolled the statement back, and asks for it again. */
function isRolledBack(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "40001" || code === "40P01";
}

/** Milliseconds before the second and third try, at most. */
const PAUSES = [5, 10] as const;

/**
 * Runs a statement, and twice more at most where the server itself has taken it back. Never after an answer that was
 * lost: nobody knows whether that one was applied, so it is a failure.
 */
export function retrying<T>(run: () => Promise<T>, turn = 0): Promise<T> {
  return run().catch(async (error: unknown) => {
    const pause = PAUSES[turn];
    if (pause === undefined || !isRolledBack(error)) throw error;
    await new Promise((resolve) => {
      setTimeout(resolve, pause * Math.random());
    });
    return retrying(run, turn + 1);
  });
}
