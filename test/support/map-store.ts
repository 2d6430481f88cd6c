/** A store for express-session as somebody else would write it, over a Map that several can share as several processes share a database. */
import session from "sojourn/express-session";

type Callback = (error?: unknown, row?: unknown) => void;

export type Verb = "get" | "set" | "touch" | "destroy";

/** What a test does with a call: let it pass at once, later, or fail. */
export type Meddle = (verb: Verb, sid: string) => void | Promise<void>;

export class MapStore extends session.Store {
  readonly calls: string[] = [];
  readonly rows: Map<string, string>;
  meddle: Meddle = () => undefined;

  constructor(rows: Map<string, string> = new Map()) {
    super();
    this.rows = rows;
  }

  override get(sid: string, callback: (error: unknown, row?: session.SessionData | null) => void): void {
    this.#run("get", sid, callback, () => {
      const text = this.rows.get(sid);
      return text === undefined ? null : (JSON.parse(text) as session.SessionData);
    });
  }

  override set(sid: string, value: session.SessionData, callback?: Callback): void {
    const text = JSON.stringify(value);
    this.#run("set", sid, callback, () => void this.rows.set(sid, text));
  }

  override destroy(sid: string, callback?: Callback): void {
    this.#run("destroy", sid, callback, () => void this.rows.delete(sid));
  }

  override touch(sid: string, value: session.SessionData, callback?: Callback): void {
    this.#run("touch", sid, callback, () => {
      const text = this.rows.get(sid);
      if (text !== undefined) this.rows.set(sid, JSON.stringify({ ...JSON.parse(text), cookie: value.cookie }));
    });
  }

  /** What is stored, without the cookie. */
  data(sid: string): Record<string, unknown> | undefined {
    const text = this.rows.get(sid);
    if (text === undefined) return undefined;
    const { cookie: _, ...data } = JSON.parse(text);
    return data;
  }

  #run<Row>(
    verb: Verb,
    sid: string,
    callback: ((error: unknown, row?: Row) => void) | undefined,
    step: () => Row,
  ): void {
    this.calls.push(verb);
    const run = async (): Promise<Row> => {
      await this.meddle(verb, sid);
      return step();
    };
    run().then(
      (row) => callback?.(null, row),
      (error: unknown) => callback?.(error),
    );
  }
}
