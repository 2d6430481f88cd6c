/** Rows that one step removes: about a millisecond of work. */
const STEP = 200;

/**
 * Removes expired records now and then, in steps that let requests through in between. The first sweep comes
 * after half an interval to one and a half, and so does every other, so that processes on one
 * database do not sweep together. Returns a function that stops it.
 */
export function startSweeping(every: number, step: (limit: number) => Promise<number>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const after = (ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => void sweep(), ms);
    timer.unref?.();
  };
  const sweep = async (): Promise<void> => {
    // A sweep that fails is made up for by the next one.
    const removed = await step(STEP).catch(() => 0);
    after(removed === STEP ? 5 : every * (0.5 + Math.random()));
  };
  after(every * (0.5 + Math.random()));
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
