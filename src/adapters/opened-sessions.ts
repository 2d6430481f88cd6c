/**
 * The sessions that an adapter opened, by what stands for the request in its framework.
 */
import { type Session, SessionError, type Sessions } from "../index.ts";

export class OpenedSessions {
  readonly #opened = new WeakMap<object, Map<unknown, Session<object>>>();
  readonly #advice: string;

  /** @param advice What to do where there is none. */
  constructor(advice: string) {
    this.#advice = advice;
  }

  keep<Data extends object>(sessions: Sessions<Data>, request: object, session: Session<Data>): void {
    const here = this.#opened.get(request) ?? new Map<unknown, Session<object>>();
    this.#opened.set(request, here.set(sessions.open, session as Session<object>));
  }

  /** @throws SOJOURN_UNSUPPORTED when there is none. */
  of<Data extends object>(sessions: Sessions<Data>, request: object): Session<Data> {
    const session = this.#opened.get(request)?.get(sessions.open);
    if (session) return session as Session<Data>;
    throw new SessionError("SOJOURN_UNSUPPORTED", `There is no session for this request: ${this.#advice}`);
  }
}
