/**
 * One call for the questions of one moment, for a store whose back end answers several at once.
 */
import { setImmediate } from "./timers.ts";

/** Questions of one call at most, unless told: who waits for its answer waits for all of it. */
const MOST = 32;

/** One kind of question, asked alone or together. */
export interface Asking<Question, Answer> {
  one(question: Question): Promise<Answer>;
  /** Answers in the order of the questions; undefined for one that is to be asked alone. */
  many(questions: readonly Question[]): Promise<readonly (Answer | undefined)[]>;
  /**
   * Whether the backend refuses one of them, and has done nothing for the others either: then each is asked alone.
   * Default: never.
   */
  isOfOne?(error: unknown): boolean;
  /** Questions of one call at most. Default 32. */
  readonly most?: number;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  resolve(answer: Answer | Promise<Answer>): void;
  reject(error: unknown): void;
}

/** The real one, for a test that replaces timers must not stop who asks. Where there is none, nobody is waited for. */
const afterThisTurn: (run: () => void) => unknown =
  typeof globalThis.setImmediate === "function" ? setImmediate : queueMicrotask;

/**
 * Makes one call of the questions that come in the same turn of the event loop, as they do when a server is busy:
 * for the client and the backend alike, a call costs much more than a record, and a commit more than both.
 */
export class Gather<Question, Answer> {
  readonly #asking: Asking<Question, Answer>;
  #waiting: Waiting<Question, Answer>[] = [];

  constructor(asking: Asking<Question, Answer>) {
    this.#asking = asking;
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#waiting.length === 1) afterThisTurn(() => this.flush());
    });
  }

  /** Sends what waits. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const [first] = waiting;
    if (first && waiting.length === 1) {
      // As nearly all are while a server is not busy: by the shortest way.
      first.resolve(this.#asking.one(first.question));
      return;
    }
    const most = this.#asking.most ?? MOST;
    for (let at = 0; at < waiting.length; at += most) void this.#send(waiting.slice(at, at + most));
  }

  async #send(waiting: readonly Waiting<Question, Answer>[]): Promise<void> {
    const answers = waiting.length === 1 ? [] : await this.#together(waiting);
    if (!answers) return;
    for (const [at, { question, resolve }] of waiting.entries()) {
      const answer = answers[at];
      resolve(answer === undefined ? this.#asking.one(question) : answer);
    }
  }

  /** Undefined when all of them have failed. */
  async #together(waiting: readonly Waiting<Question, Answer>[]): Promise<readonly (Answer | undefined)[] | undefined> {
    try {
      return await this.#asking.many(waiting.map(({ question }) => question));
    } catch (error) {
      if (this.#asking.isOfOne?.(error)) return [];
      for (const { reject } of waiting) reject(error);
      return undefined;
    }
  }
}
