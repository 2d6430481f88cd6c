/**
 * A session as the application sees it.
 */

import { type Duration, milliseconds } from "../duration.ts";
import { invalidOption, SessionError } from "../errors.ts";
import { freeze } from "../record/freeze.ts";
import type { Device, Flash } from "../record/meta.ts";
import { assertDataObject } from "../record/payload.ts";
import type { SessionKey } from "../record.ts";
import { newIdentity } from "../token/identity.ts";
import { formToken, verifyFormToken } from "./csrf-token.ts";
import { discard } from "./discard.ts";
import { takeFlashes } from "./flashes.ts";
import { assertHandsOut, assertUsable, committed } from "./guards.ts";
import { destroy, type LoginOptions, login, logout, notAuthenticated, reauthenticate, rotate } from "./lifecycle.ts";
import { keyOf, lookAt, type State } from "./state.ts";
import { updateData, updateKey } from "./update.ts";
import { inTurn } from "./verb-queue.ts";

/** The state behind a session, for the library's own modules. */
export let stateOf: (session: Session<object>) => State;

/**
 * One client's session, for the length of one request.
 *
 * Nothing is stored and no cookie is sent until something is put into it. Changes to `data` are saved
 * by the commit, before the first byte of the response; the verbs that return a promise take effect
 * in the store before they resolve.
 *
 * @typeParam Data The shape of `data`.
 * @example
 * ```ts
 * session.data.theme = "dark"; // saved with the response
 * const count = await session.update("count", (n = 0) => n + 1); // saved now, exactly
 * await session.login(userId); // a new id
 * ```
 */
export class Session<Data extends object = Record<string, unknown>> {
  readonly #state: State;

  static {
    stateOf = (session) => session.#state;
  }

  /** Sessions come from `sessions.open`, `handle`, `get` or an adapter. */
  constructor(state: State) {
    this.#state = state;
  }

  /**
   * The public id: safe to log, list and revoke by, and no credential (it is a hash of one).
   * A new session has one from when it is first asked for.
   */
  get id(): SessionKey {
    const state = this.#use();
    if (!state.identity) {
      const identity = newIdentity();
      // Where the platform's hash is asynchronous, `open` has made the identity already.
      if (identity instanceof Promise)
        throw new SessionError("SOJOURN_UNSUPPORTED", "Cannot name a session that has ended.");
      state.identity = identity;
    }
    return state.identity.key;
  }

  /** True when the client came without a session that is valid. */
  get isNew(): boolean {
    return this.#use().isNew;
  }

  /**
   * True when nothing of it can be handed to the client: it was opened with `readOnly`, or the store was down as the
   * request began and `onOutage: "anonymous"` lets it be read.
   */
  get readOnly(): boolean {
    const { phase, cookieless } = this.#use();
    return phase === "readonly" || cookieless;
  }

  /**
   * The application's data: a plain object to read and to change. What changed is saved by the commit,
   * key by key, so that parallel requests that change other keys keep their changes. After the commit it is frozen.
   *
   * @example
   * ```ts
   * session.data.theme = "dark";
   * ```
   */
  get data(): Data {
    const state = this.#use();
    if (state.committed && !state.looked) freeze(state.data);
    lookAt(state);
    return state.data as Data;
  }

  set data(data: Data) {
    const state = this.#use();
    assertUsable(state, "change");
    assertHandsOut(state, "change");
    if (state.committed) throw committed();
    assertDataObject(data);
    lookAt(state);
    state.data = data;
  }

  /** The user that `login` named; undefined while anonymous. */
  get userId(): string | undefined {
    return this.#use().held?.times.userId;
  }

  /** When the session began; for a new one, when the request did. */
  get createdAt(): Date {
    const state = this.#use();
    return new Date(state.held?.times.createdAt ?? state.openedAt);
  }

  /** The last use that was written down, at most the touch interval ago. */
  get lastSeenAt(): Date {
    const state = this.#use();
    return new Date(state.held?.times.seenAt ?? state.openedAt);
  }

  /** When it ends if it is not used again: the nearer of the idle and the absolute deadline. */
  get expiresAt(): Date {
    const state = this.#use();
    const { idle, lifetime } = state.context.lifetime;
    return new Date(state.held?.times.expiresAt ?? state.openedAt + Math.min(idle, lifetime));
  }

  /** When the user last proved who they are; undefined while anonymous. */
  get authenticatedAt(): Date | undefined {
    const at = this.#use().held?.content.meta.authenticatedAt;
    return at === undefined ? undefined : new Date(at);
  }

  /** How the user proved it, as given to `login` or `reauthenticate`. */
  get factors(): readonly string[] {
    return this.#use().held?.content.meta.factors ?? [];
  }

  /** The device as it was at login. */
  get device(): Device | undefined {
    return this.#use().held?.content.meta.device;
  }

  /**
   * Changes data exactly, under any concurrency: reads what is stored now, applies the function, and
   * stores it by compare-and-set; run again when somebody else was faster, so it must have no other
   * effect. With data in the cookie there is nothing to compare with, and the last response wins.
   *
   * @returns The new value of the key, or the whole data.
   * @throws SOJOURN_REVOKED when the session ended meanwhile; SOJOURN_STORE_UNAVAILABLE.
   * @example
   * ```ts
   * const count = await session.update("count", (n = 0) => n + 1);
   * await session.update((data) => { data.cart.push(item); });
   * ```
   */
  update<Key extends keyof Data & string, Value extends Data[Key]>(
    key: Key,
    change: (value: Data[Key]) => Value | Promise<Value>,
  ): Promise<Value>;
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that changes the draft in place returns nothing.
  update(change: (data: Data) => Data | void | Promise<Data | void>): Promise<Data>;
  async update(first: unknown, change?: unknown): Promise<unknown> {
    const state = this.#use();
    if (typeof first === "string") return updateKey(state, first, change as (value: unknown) => unknown);
    return updateData(state, first as (data: unknown) => unknown);
  }

  /**
   * Makes this the session of a user: a new id, data carried over, the old id worthless at once
   * (ASVS 7.2.4). Call it after you have checked the credentials.
   *
   * @param userId 1 to 255 characters; your own key for the user.
   * @throws SOJOURN_SESSION_LIMIT at the limit with `onLimit: "reject"`; SOJOURN_REVOKED when the user's
   *   sessions were revoked meanwhile; SOJOURN_COMMITTED after the response began.
   */
  async login(userId: string, options: LoginOptions = {}): Promise<void> {
    const state = this.#use();
    await inTurn(state, () => login(state, userId, options));
  }

  /** Ends the session and goes on as a new, empty, anonymous one. The client's copy is taken away unless something is stored in the new one. */
  async logout(): Promise<void> {
    const state = this.#use();
    await inTurn(state, () => logout(state));
  }

  /** Ends the session. Once it has resolved, nothing in flight can bring it back; this object can do no more. */
  async destroy(): Promise<void> {
    const state = this.#use();
    await inTurn(state, () => destroy(state, "destroyed"));
  }

  /** Gives the session a new id, without a grace for the old one. For a change of privilege that is not a login. */
  async rotate(): Promise<void> {
    const state = this.#use();
    await inTurn(state, () => rotate(state));
  }

  /** The user has proved again who they are: a new id, both time limits begin anew, `authenticatedAt` is now. */
  async reauthenticate(options: Pick<LoginOptions, "factors"> = {}): Promise<void> {
    const state = this.#use();
    await inTurn(state, () => reauthenticate(state, options));
  }

  /**
   * Passes when the user authenticated within this time ("sudo mode", ASVS 7.5.1, 7.5.3), and with all of these factors.
   *
   * @throws SOJOURN_STALE_AUTHENTICATION (403) when it is longer ago or a factor is missing,
   *   SOJOURN_NOT_AUTHENTICATED (401) when nobody is logged in.
   * @example
   * ```ts
   * session.requireFresh("10m");
   * session.requireFresh("10m", { factors: ["pwd"] });
   * ```
   */
  requireFresh(within: Duration, needed: Pick<LoginOptions, "factors"> = {}): void {
    const state = this.#use();
    const most = milliseconds("requireFresh", within);
    const at = state.held?.content.meta.authenticatedAt;
    if (state.held?.times.userId === undefined || at === undefined) throw notAuthenticated("go on");
    const missing = needed.factors?.filter((factor) => !this.factors.includes(factor)) ?? [];
    if (missing.length > 0 || state.context.clock() - at >= most) {
      const what =
        missing.length > 0 ? `without ${missing.join(", ")}` : `longer ago than this action allows (${within})`;
      throw new SessionError(
        "SOJOURN_STALE_AUTHENTICATION",
        `The user authenticated ${what}; ask again and call \`reauthenticate\`.`,
      );
    }
  }

  /** Leaves a message for the next page. */
  flash(kind: string, text: string): void {
    const state = this.#use();
    assertUsable(state, "flash");
    for (const [name, value] of Object.entries({ kind, text })) {
      if (typeof value !== "string") throw invalidOption(`flash.${name}`, value, "a string");
    }
    assertHandsOut(state, "flash");
    if (state.committed) throw committed();
    state.flashAdded.push({ kind, text });
  }

  /**
   * The messages that were left for this page; each is given once. Those left by this request are for the next. A page that
   * is only prefetched is given none, and uses none up.
   */
  flashes(): readonly Flash[] {
    return takeFlashes(this.#use());
  }

  /**
   * Gives up what this request has changed in `data` and its flash messages so far: for a batch or a GraphQL mutation that
   * failed in part, where no status says so. What `update` and the verbs have done stays.
   *
   * @throws SOJOURN_COMMITTED when it has been saved already.
   */
  discard(): void {
    discard(this.#use());
  }

  /**
   * Aborts when the session ends, anywhere: close sockets and streams on it. Adapters let go of it when
   * the response is over; elsewhere call `release`.
   *
   * @example
   * ```ts
   * session.signal.addEventListener("abort", () => socket.close(4401));
   * ```
   */
  get signal(): AbortSignal {
    const state = this.#use();
    if (!state.listener) {
      state.listener = state.context.endings.listen();
      if (state.held) state.listener.follow(keyOf(state));
      state.source?.onceOver?.(() => this.release());
    }
    return state.listener.signal;
  }

  /** Whether `signal` was asked for and not yet let go. */
  get listening(): boolean {
    return this.#state.listener?.active === true;
  }

  /** Lets go of `signal`. */
  release(): void {
    this.#state.listener?.release();
  }

  /**
   * A CSRF token for a form or a header: another text each time, all valid as long as the session's id
   * is (OWASP CSRF cheat sheet, masked synchroniser token). An anonymous session is stored for it.
   */
  async csrfToken(): Promise<string> {
    return formToken(this.#use());
  }

  /** Whether a token was made for this session. Never throws on what a client sent. */
  async verifyCsrfToken(token: unknown): Promise<boolean> {
    return verifyFormToken(this.#use(), token);
  }

  /** What a log may hold. */
  toJSON(): object {
    const { identity, held, isNew } = this.#state;
    return { id: identity?.key, isNew, ...held?.times };
  }

  #use(): State {
    this.#state.accessed = true;
    return this.#state;
  }
}
