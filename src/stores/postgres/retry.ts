/** Serialisation failure and deadlock: the server has rolled the statement back, and asks for it again. */
function isRolledBack(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "40001" || code === "40P01";
}

/**
 * Runs a statement, and twice more at most where the server itself has taken it back. Never after an answer that was
 * lost: nobody knows whether that one was applied, so it is a failure.
 */
export async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn++) {
    try {
      return await run();
    } catch (error) {
      if (turn > 2 || !isRolledBack(error)) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, turn * 5 * Math.random());
    });
  }
}
