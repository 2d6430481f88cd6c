/**
 * A part of a request that others run beside: a procedure of a batch, an operation or a field of GraphQL. It fails or
 * succeeds by itself, and no status of the answer says so.
 */
import { applyChanges, changesBetween } from "../record/merge.ts";
import { assertDataObject, type DataObject, decodeData, type Encoded } from "../record/payload.ts";
import { SessionData } from "../session/data.ts";
import { assertHandsOut, assertUsable, committed } from "../session/guards.ts";
import { internalsOf, Session } from "../session/session.ts";

interface State {
  readonly parent: Session<object>;
  /** Undefined until somebody wants to see the data. */
  draft: SessionData | undefined;
  readonly flashes: (readonly [kind: string, text: string])[];
  over: boolean;
}

const states = new WeakMap<object, State>();
const stateOf = (part: object): State => states.get(part) as State;

/**
 * The same session with a copy of its data: what the part changes is seen by itself alone, until `keep` puts it on top
 * of what the others have changed meanwhile, key by key. `update` and the verbs (`login`, `logout`…) take effect at
 * once, as ever, and take along what the part has changed before them.
 *
 * @example
 * ```ts
 * import { partOf, SessionPart } from "sojourn/adapter";
 *
 * partOf(session) instanceof SessionPart; // → true
 * ```
 */
export class SessionPart<Data extends object = Record<string, unknown>> extends Session<Data> {
  /** Parts come from `partOf`. */
  constructor(parent: Session<Data>) {
    super(internalsOf(parent as Session<object>));
    states.set(this, { parent: parent as Session<object>, draft: undefined, flashes: [], over: false });
  }

  override get data(): Data {
    const state = stateOf(this);
    if (internalsOf(this as Session<object>).response.committed && !state.draft) return super.data;
    const draft = this.#draft();
    return (state.over ? draft.late(committed) : draft.expose()) as Data;
  }

  override set data(data: Data) {
    assertHandsOut(internalsOf(this as Session<object>), "change");
    assertDataObject(data);
    if (stateOf(this).over) throw committed();
    this.#draft().assign(data);
  }

  override async update(first: unknown, change?: unknown): Promise<never> {
    const { parent } = stateOf(this);
    const value = await this.#through(() => parent.update(first as never, change as never));
    const late = internalsOf(parent).response.committed !== undefined;
    return (typeof first === "string" || late ? value : this.data) as never;
  }

  override login(...given: Parameters<Session["login"]>): Promise<void> {
    return this.#through((parent) => parent.login(...given));
  }

  override logout(): Promise<void> {
    return this.#through((parent) => parent.logout());
  }

  override destroy(): Promise<void> {
    return this.#through((parent) => parent.destroy());
  }

  override rotate(): Promise<void> {
    return this.#through((parent) => parent.rotate());
  }

  override reauthenticate(...given: Parameters<Session["reauthenticate"]>): Promise<void> {
    return this.#through((parent) => parent.reauthenticate(...given));
  }

  override async reload(): Promise<void> {
    this.discard();
    await this.#through((parent) => parent.reload());
  }

  override flash(kind: string, text: string): void {
    if (stateOf(this).over) throw committed();
    stateOf(this).flashes.push([kind, text]);
  }

  /** Gives up what this part has changed so far, and nothing of the others. */
  override discard(): void {
    const { draft, flashes, parent } = stateOf(this);
    flashes.length = 0;
    draft?.reload(encodedOf(parent));
  }

  /**
   * The part has succeeded: what it changed is the request's, and saved by its commit. The part's own copy can be
   * changed no more.
   *
   * @throws SOJOURN_COMMITTED when the response has begun meanwhile and there is something to keep;
   *   SOJOURN_DATA_NOT_SERIALISABLE.
   */
  keep(): void {
    this.#flush();
    this.#end();
  }

  /** The part has failed: what it changed is given up. */
  drop(): void {
    this.discard();
    this.#end();
  }

  #end(): void {
    const state = stateOf(this);
    state.over = true;
    state.draft?.freeze();
  }

  #draft(): SessionData {
    const state = stateOf(this);
    state.draft ??= new SessionData(internalsOf(state.parent).context.codec, encodedOf(state.parent));
    return state.draft;
  }

  /** What the part has changed goes to its parent. The values are copies: what comes later may yet be given up. */
  #flush(): void {
    const { parent, draft, flashes } = stateOf(this);
    for (const [kind, text] of flashes.splice(0)) parent.flash(kind, text);
    const encoded = draft?.changed();
    if (!draft || encoded === undefined) return;
    const internals = internalsOf(parent);
    assertUsable(internals, "change");
    assertHandsOut(internals, "change");
    if (internals.response.committed) throw committed();
    const { codec } = internals.context;
    const decoded = (bytes: Encoded): DataObject => decodeData(codec, bytes) ?? {};
    applyChanges(parent.data as DataObject, changesBetween(codec, decoded(draft.base), decoded(encoded)));
    draft.adopt(encoded);
  }

  async #through<Result>(verb: (parent: Session<object>) => Promise<Result>): Promise<Result> {
    const { parent, draft } = stateOf(this);
    this.#flush();
    const seen = draft?.encoded();
    try {
      return await verb(parent);
    } finally {
      if (draft && seen !== undefined) {
        const now = encodedOf(parent);
        draft.adoptUnder(now, decodeData(internalsOf(parent).context.codec, now) ?? {}, seen);
      }
    }
  }
}

function encodedOf(session: Session<object>): Encoded {
  return internalsOf(session).context.codec.encode(session.data as DataObject);
}

/**
 * A part of a request that fails or succeeds by itself: a procedure of a batch, an operation of GraphQL. Parts may run
 * at once; give each the session of its own, and then `keep` what it changed, or `drop` it.
 *
 * @example
 * ```ts
 * import { partOf } from "sojourn/adapter";
 *
 * const [good, bad] = [partOf(session), partOf(session)];
 * good.data.theme = "dark";
 * bad.data.count = 1;
 * good.keep();
 * bad.drop();
 * session.data.theme; // → "dark"
 * session.data.count; // → undefined
 * ```
 */
export function partOf<Data extends object>(session: Session<Data>): SessionPart<Data> {
  return new SessionPart(session);
}
