/**
 * The course of an import: when an old cookie is read, issued again as a session of ours, and taken away.
 */
import { checkKnown, invalidOption } from "../errors.ts";
import { type HeaderOp, type Session, SessionError, type Sessions, type Store } from "../index.ts";
import { handle } from "../request/handle.ts";
import { sourceOf } from "../transport/source.ts";
import { Ledger } from "./ledger.ts";
import { clearing, takesAway } from "./old-cookies.ts";
import type { Found, FoundSession, Reader } from "./reader.ts";

type Source = ReturnType<typeof sourceOf>;

/** What is read, and until when. */
export interface ImportOptions<Data extends object> {
  /** The formats, in the order in which they are looked for; the first that finds a session wins. */
  readonly from: readonly Reader[];
  /**
   * From this instant on nothing of the old formats is accepted any more. Choose the end of the longest session that is
   * out there, or an earlier day.
   */
  readonly until: Date;
  /**
   * Remembers which old cookies were read, so that a copy of one cannot begin another session when the first one is
   * over. A store of its own (a table, a prefix, a file); it gets one row for each session that is read, until `until`.
   */
  readonly ledger: Store;
  /**
   * Whose session it is, when the format does not say: from the old data. Default: the format's own user, or nobody.
   */
  readonly userId?: ((found: FoundSession) => string | number | undefined) | undefined;
  /** What of the old data goes into the new session. Default: all of it. */
  readonly data?: ((found: FoundSession) => Partial<Data>) | undefined;
  /** Hears of each session that was read. Default: nobody. */
  readonly onImport?: ((event: { readonly reader: string; readonly userId: string | undefined }) => void) | undefined;
}

/**
 * Sessions that also know what another library left behind: a client that comes with an old cookie and without one of
 * ours goes on where it was. It is read once, and issued again as ours: logged in when the user is known, data carried
 * over, ending when the old one would have ended. What is forged, truncated, over or too late is as if it were not
 * there.
 *
 * The old cookie stays until the client logs out (then it is taken away, and the old row is destroyed), so that the
 * deploy can be rolled back. Give the result to the adapter in place of `sessions`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once. `open` rejects with `SOJOURN_STORE_UNAVAILABLE` when the old
 *   store or the ledger does not answer: nobody is logged out by that.
 * @example
 * ```ts
 * import { importSessions, fromIronSession } from "sojourn/migrate";
 * import { memoryStore } from "sojourn/stores/memory";
 *
 * const moving = importSessions(sessions, {
 *   from: [fromIronSession({ password: "the password of iron-session, kept elsewhere", cookie: "app" })],
 *   until: new Date("2031-03-01"),
 *   ledger: memoryStore(),
 *   userId: ({ data }) => data.user as string | undefined,
 * });
 * ```
 */
export function importSessions<Data extends object, Of extends Sessions<Data>>(
  sessions: Of & Sessions<Data>,
  options: ImportOptions<Data>,
): Of {
  const importer = new Importer<Data>(sessions, checked(options));
  const wrapped: Sessions<Data> & Of = {
    ...sessions,
    open: async (request, given) => {
      const session = await sessions.open(request, given);
      if (given?.readOnly !== true) await importer.take(session, sourceOf(request));
      return session;
    },
    commit: (session, given) => importer.told(session, sessions.commit(session, given)),
    handle: (request, handler, given) => handle(wrapped, request, handler, given),
  };
  return Object.freeze(wrapped);
}

class Importer<Data extends object> {
  readonly #sessions: Sessions<Data>;
  readonly #options: ImportOptions<Data>;
  readonly #ledger: Ledger;
  /** One attempt for each session object, which is one for each request. */
  readonly #taken = new WeakMap<object, { readonly source: Source; readonly done: Promise<void> }>();

  constructor(sessions: Sessions<Data>, options: ImportOptions<Data>) {
    this.#sessions = sessions;
    this.#options = options;
    this.#ledger = new Ledger(options.ledger, options.until);
  }

  take(session: Session<Data>, source: Source): Promise<void> {
    let taken = this.#taken.get(session);
    if (!taken) {
      const wanted = session.isNew && !session.readOnly;
      taken = { source, done: wanted ? this.#import(session, source) : Promise.resolve() };
      this.#taken.set(session, taken);
    }
    return taken.done;
  }

  /** When our cookie is taken away, the old one goes, too: it would be a login that came back with a roll-back. */
  told(
    session: Session<Data>,
    headers: readonly HeaderOp[] | Promise<readonly HeaderOp[]>,
  ): readonly HeaderOp[] | Promise<readonly HeaderOp[]> {
    const source = this.#taken.get(session)?.source;
    const old = source && this.#options.from.filter((reader) => clearing(reader, source).length > 0);
    if (!source || !old || old.length === 0) return headers;
    return Promise.resolve(headers).then(async (given) => {
      if (!takesAway(given)) return given;
      await Promise.all(old.map((reader) => ask(reader.name, async () => reader.end?.(source))));
      return [...given, ...old.flatMap((reader) => clearing(reader, source))];
    });
  }

  async #import(session: Session<Data>, source: Source): Promise<void> {
    const now = Date.now();
    if (now >= this.#options.until.getTime()) return;
    for (const reader of this.#options.from) {
      const found = await ask(reader.name, () => reader.find(source));
      if (!found || (found.session.expiresAt?.getTime() ?? Infinity) <= now) continue;
      const before = await ask("ledger", () => this.#ledger.find(reader, found));
      if (before && !(await this.#mayRepeat(before, now))) continue;
      await this.#issue(session, reader, found);
      return;
    }
  }

  /** Requests of the same moment come with the same old cookie: as long as what the first of them made is live. */
  async #mayRepeat(before: { readonly id: string; readonly at: number }, now: number): Promise<boolean> {
    if (now - before.at > GRACE) return false;
    const get = (this.#sessions as { get?: (id: string) => Promise<unknown> }).get;
    return !get || (await get(before.id)) !== null;
  }

  async #issue(session: Session<Data>, reader: Reader, found: Found): Promise<void> {
    const { userId: whose, data: carried, onImport } = this.#options;
    const given = whose ? whose(found.session) : found.session.userId;
    const userId = given === undefined || given === "" ? undefined : String(given);
    const data = carried ? carried(found.session) : (found.session.data as Partial<Data>);
    session.data = { ...session.data, ...data };
    if (userId !== undefined) await session.login(userId, { until: found.session.expiresAt });
    await ask("ledger", () => this.#ledger.write(reader, found, session.id));
    onImport?.({ reader: reader.name, userId });
  }
}

/** Milliseconds in which other requests with the same old cookie are those of the same page. */
const GRACE = 30_000;

async function ask<T>(whom: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new SessionError("SOJOURN_STORE_UNAVAILABLE", `The old sessions (${whom}) could not be read.`, error);
  }
}

function checked<Data extends object>(options: ImportOptions<Data>): ImportOptions<Data> {
  checkKnown(options, { data: true, from: true, ledger: true, onImport: true, until: true, userId: true });
  const { from, until, ledger } = options;
  if (!Array.isArray(from) || !from.every((reader) => typeof reader?.find === "function")) {
    throw invalidOption("from", from, "a list of readers, such as [fromExpressSession({ … })]");
  }
  if (!(until instanceof Date) || Number.isNaN(until.getTime())) {
    throw invalidOption("until", until, "a Date from which on nothing old is accepted");
  }
  if (typeof ledger?.create !== "function" || typeof ledger.get !== "function") {
    throw invalidOption("ledger", ledger, "a store of Sojourn, of its own");
  }
  return options;
}
