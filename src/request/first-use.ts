/**
 * A session that is opened when somebody asks for it, so that a request whose handler never does makes no call of the
 * store: `open` of the same request finds what its adapter has prepared.
 */
import { AttachedMap } from "../attached-map.ts";
import type { Session } from "../session/session.ts";
import type { OpenOptions, Sessions } from "../sessions.ts";
import type { RequestSource } from "../transport/transport.ts";
import { letGo, takeInHand } from "./nested.ts";
import { byRelative } from "./request-key.ts";

interface Expected {
  /** Whose session it will be: a function of the sessions, which copies of that object share. */
  readonly by: object;
  readonly open: () => Promise<Session<object>>;
  /** Of other sessions. */
  readonly others: Expected | undefined;
}

const expected = new AttachedMap<Expected>();

/** What opens the session of this request, where an adapter waits for its first use. */
export function expectedBy(by: object, request: object): (() => Promise<Session<object>>) | undefined {
  const find = (each: object): Expected | undefined => {
    let found = expected.get(each);
    while (found && found.by !== by) found = found.others;
    return found;
  };
  return (find(request) ?? byRelative(request, find))?.open;
}

export class FirstUse<Data extends object> {
  readonly #sessions: Sessions<Data>;
  readonly #source: RequestSource;
  readonly #options: OpenOptions & { readonly key: object };
  #opening: Promise<Session<Data>> | undefined;
  #over = false;
  /** When it is open. */
  session: Session<Data> | undefined;

  constructor(sessions: Sessions<Data>, source: RequestSource, options: OpenOptions & { readonly key: object }) {
    this.#sessions = sessions;
    this.#source = source;
    this.#options = options;
    const open = this.open as () => Promise<unknown> as () => Promise<Session<object>>;
    expected.set(options.key, { by: sessions.open, open, others: expected.get(options.key) });
  }

  /** The session; after the answer has begun, one that can only be read. */
  readonly open = (): Promise<Session<Data>> => {
    this.#opening ??= this.#openFirst();
    return this.#opening;
  };

  async #openFirst(): Promise<Session<Data>> {
    try {
      const readOnly = this.#over || this.#options.readOnly;
      const session = await this.#sessions.open(this.#source, { ...this.#options, readOnly });
      if (!this.#over) takeInHand(this.#sessions, this.#options.key, session);
      this.session = session;
      return session;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** The answer begins: what was opened, or is being opened, and could be; undefined when nobody asked. */
  close(): Session<Data> | Promise<Session<Data> | undefined> | undefined {
    this.#over = true;
    if (!this.#opening) return undefined;
    letGo(this.#sessions, this.#options.key);
    return this.session ?? this.#opening.catch(() => undefined);
  }
}
