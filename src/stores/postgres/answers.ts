import { clearTimeout, setTimeout } from "../parts/timers.ts";

/** Whether something is answered in time. What it fails with later is nobody's. */
export function answers(question: PromiseLike<unknown>, within: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), within);
    question.then(
      () => {
        clearTimeout(timer);
        resolve(true);
      },
      () => {
        clearTimeout(timer);
        resolve(false);
      },
    );
  });
}
