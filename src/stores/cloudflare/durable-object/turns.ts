/** How long others wait for one whose turn it is: by then the application has given up on it. */
const PATIENCE_MS = 10_000;

/** One at a time by name, within one object. What takes too long no longer holds up the others. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const turn = before.then(work);
    const done = atMost(turn);
    this.#last.set(name, done);
    try {
      return await turn;
    } finally {
      if (this.#last.get(name) === done) this.#last.delete(name);
    }
  }
}

/** Resolves when the work is done, however it ended, or has taken too long. */
function atMost(work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(end, end);
  });
}
