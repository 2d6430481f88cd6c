/**
 * React Router's `SessionStorage` over Sojourn. Its shape has a Cookie header on one side and one Set-Cookie header on
 * the other, and so it lacks what needs more: the check of cross-site requests, `Cache-Control`, the client's address.
 */
import { type Session, SessionError, type Sessions } from "../../index.ts";

/** What loaders and actions use: React Router's `Session`, and ours behind it. */
export interface RouterSession<Data extends object> {
  /** The public id; empty as long as nothing is stored. */
  readonly id: string;
  readonly data: Data;
  has(name: keyof Data & string): boolean;
  /** What was set, or else the message that was flashed under this name, once. */
  get<Name extends keyof Data & string>(name: Name): Data[Name] | undefined;
  set<Name extends keyof Data & string>(name: Name, value: Data[Name]): void;
  /** A text for the next page. */
  flash(name: string, value: string): void;
  unset(name: keyof Data & string): void;
  /** For what the interface has no word for: `login`, `logout`, `update`, `requireFresh`. */
  readonly session: Session<Data>;
}

/** React Router's `SessionStorage`. */
export interface RouterSessionStorage<Data extends object> {
  getSession(cookieHeader?: string | null): Promise<RouterSession<Data>>;
  /** The value of `Set-Cookie`; empty when there is nothing to send: append it only when it is not. */
  commitSession(session: RouterSession<Data>): Promise<string>;
  /** Ends the session in the store, and gives the `Set-Cookie` that takes the cookie away. */
  destroySession(session: RouterSession<Data>): Promise<string>;
}

/**
 * A `SessionStorage` for code that is written for one; for new code take `sessionMiddleware`, which saves by itself. Of
 * the session's promises this keeps those of the store (no lost keys, no resurrection), and these not:
 *
 * - Cross-site requests are not checked (React Router checks actions by their Origin, and nothing else).
 * - `Cache-Control` and `Vary` are not set: do so for pages that depend on the session.
 * - Each `getSession` is a session of its own, and who forgets `commitSession` saves nothing.
 * - With data in the cookie it must fit into one cookie.
 *
 * @throws SOJOURN_UNSUPPORTED, from `commitSession`, when one cookie is not enough.
 * @example
 * ```ts
 * import { sessionStorage } from "sojourn/react-router";
 *
 * const { getSession, commitSession } = sessionStorage(sessions);
 * const session = await getSession(request.headers.get("cookie"));
 * session.set("theme", "dark");
 * await commitSession(session);
 * session.session.userId; // → "ann"
 * ```
 */
export function sessionStorage<Data extends object>(sessions: Sessions<Data>): RouterSessionStorage<Data> {
  const commit = async (given: RouterSession<Data>): Promise<string> => {
    if (given instanceof StoredSession) given.keepUnread();
    const lines = (await sessions.commit(given.session)).filter(({ name }) => name === "set-cookie");
    if (lines.length > 1)
      throw new SessionError(
        "SOJOURN_UNSUPPORTED",
        `A SessionStorage can send one cookie, and this session needs ${lines.length}. Keep the data in a store, or ` +
          "use sessionMiddleware.",
      );
    return lines[0]?.value ?? "";
  };
  return {
    async getSession(cookieHeader) {
      const header = (name: string): string | undefined =>
        name === "cookie" ? (cookieHeader ?? undefined) : undefined;
      return new StoredSession(await sessions.open({ method: "GET", url: "/", header }));
    },
    commitSession: commit,
    async destroySession(given) {
      await given.session.logout();
      return commit(given);
    },
  };
}

class StoredSession<Data extends object> implements RouterSession<Data> {
  readonly session: Session<Data>;
  /** Messages for this page, taken together at the first look. */
  #messages: Map<string, string> | undefined;

  constructor(session: Session<Data>) {
    this.session = session;
  }

  get id(): string {
    return this.session.isNew ? "" : this.session.id;
  }

  get data(): Data {
    return this.session.data;
  }

  has = (name: keyof Data & string): boolean => name in this.session.data || this.#read().has(name);

  get = <Name extends keyof Data & string>(name: Name): Data[Name] | undefined => {
    const value = this.session.data[name];
    if (value !== undefined) return value;
    const message = this.#read().get(name);
    this.#read().delete(name);
    return message as Data[Name] | undefined;
  };

  set = <Name extends keyof Data & string>(name: Name, value: Data[Name]): void => {
    this.session.data[name] = value;
  };

  flash = (name: string, value: string): void => this.session.flash(name, value);

  unset = (name: keyof Data & string): void => {
    delete this.session.data[name];
  };

  /** A message that no page has read is still to be shown. */
  keepUnread(): void {
    for (const [name, text] of this.#messages ?? []) this.session.flash(name, text);
    this.#messages = undefined;
  }

  #read(): Map<string, string> {
    this.#messages ??= new Map(this.session.flashes().map(({ kind, text }) => [kind, text]));
    return this.#messages;
  }
}
