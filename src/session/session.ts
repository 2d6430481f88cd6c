/**
 * A session as the application sees it.
 */
import { type Duration, milliseconds } from "../duration.ts";
import { invalidOption, SessionError } from "../errors.ts";
import { limitsOf, type Preset } from "../record/lifetime.ts";
import type { Device, Flash } from "../record/meta.ts";
import { assertDataObject } from "../record/payload.ts";
import type { SessionKey } from "../record.ts";
import { newIdentity } from "../token/identity.ts";
import { formToken, verifyFormToken } from "./csrf-token.ts";
import { assertFresh, instantsOf, levelOf } from "./factors.ts";
import { takeFlashes } from "./flashes.ts";
import { assertHandsOut, assertUsable, committed, readOnly } from "./guards.ts";
import type { Internals } from "./internals.ts";
import {
  destroy,
  type LoginOptions,
  login,
  logout,
  type ReauthenticateOptions,
  reauthenticate,
  rotate,
} from "./lifecycle.ts";
import type { AnonymousBecause } from "./proof.ts";
import { reload } from "./reload.ts";
import { closeToStrangers } from "./strangers.ts";
import { updateData, updateKey } from "./update.ts";

const changeReadOnly = (): SessionError => readOnly("change");

/** What is behind a session, for the library's own modules. */
export let internalsOf: (session: Session<object>) => Internals;

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
  readonly #internals: Internals;

  static {
    internalsOf = (session) => session.#internals;
    closeToStrangers(Session.prototype);
  }

  /** Sessions come from `sessions.open`, `handle`, `get` or an adapter. */
  constructor(internals: Internals) {
    this.#internals = internals;
    Object.preventExtensions(this);
  }

  /**
   * The public id: safe to log, list and revoke by, and no credential (it is a hash of one).
   * A new session has one from when it is first asked for.
   */
  get id(): SessionKey {
    const session = this.#use();
    if (!session.identity) {
      const identity = newIdentity();
      // Where the platform's hash is asynchronous, `open` has made the identity already.
      if (identity instanceof Promise)
        throw new SessionError("SOJOURN_UNSUPPORTED", "Cannot name a session that has ended.");
      session.name(identity);
    }
    return session.key;
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
    const { phase, proof } = this.#use();
    return phase === "readonly" || proof.readOnly;
  }

  /**
   * Why nobody's session is behind this one; undefined when one is. What a page may say ("you were logged out
   * elsewhere").
   */
  get anonymousBecause(): AnonymousBecause | undefined {
    return this.#use().proof.anonymousBecause;
  }

  /**
   * The application's data: a plain object to read and to change. What changed is saved by the commit,
   * key by key, so that parallel requests that change other keys keep their changes. After the commit a change is
   * SOJOURN_COMMITTED; an object that was taken out of it before is frozen (a TypeError in modules and classes).
   *
   * @example
   * ```ts
   * session.data.theme = "dark";
   * ```
   */
  get data(): Data {
    const { data, response, proof } = this.#use();
    const refuse = proof.readOnly ? changeReadOnly : committed;
    return (response.committed ? data.late(refuse) : data.expose()) as Data;
  }

  set data(data: Data) {
    const session = this.#use();
    assertUsable(session, "change");
    assertHandsOut(session, "change");
    if (session.response.committed) throw committed();
    assertDataObject(data);
    session.data.assign(data);
  }

  /** The user that `login` named; undefined while anonymous. */
  get userId(): string | undefined {
    return this.#use().userId;
  }

  /** When the session began; for a new one, when the request did. */
  get createdAt(): Date {
    const { held, proof } = this.#use();
    return new Date(held?.times.createdAt ?? proof.openedAt);
  }

  /** The last use that was written down, at most the touch interval ago. */
  get lastSeenAt(): Date {
    const { held, proof } = this.#use();
    return new Date(held?.times.seenAt ?? proof.openedAt);
  }

  /** When it ends if it is not used again: the nearer of the idle and the absolute deadline. */
  get expiresAt(): Date {
    const { held, proof, context } = this.#use();
    const { idle, lifetime } = limitsOf(context.lifetime, undefined, undefined);
    return new Date(held?.times.expiresAt ?? proof.openedAt + Math.min(idle, lifetime));
  }

  /** When it ends whatever happens, unless the user authenticates again: the absolute deadline. */
  get endsAt(): Date {
    const { held, proof, context } = this.#use();
    return new Date(held?.content.meta.endsAt ?? proof.openedAt + context.lifetime.lifetime);
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

  /** When each factor was last shown, by its name. */
  get factorsAt(): Readonly<Record<string, Date>> {
    const { held } = this.#use();
    return held ? instantsOf(held.content.meta) : {};
  }

  /**
   * The assurance level that the factors reach, by the kinds of NIST SP 800-63B-4; undefined while anonymous or
   * unknown. A hint: what a factor's name stands for is the application's to know.
   */
  get level(): Preset | undefined {
    return levelOf(this.factors);
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
    const session = this.#use();
    if (typeof first === "string") return updateKey(session, first, change as (value: unknown) => unknown);
    return updateData(session, first as (data: unknown) => unknown);
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
    const session = this.#use();
    await session.queue.inTurn(() => login(session, userId, options));
  }

  /**
   * Ends the session and goes on as a new, empty, anonymous one. The client's copy is taken away unless something is
   * stored in the new one.
   */
  async logout(): Promise<void> {
    const session = this.#use();
    await session.queue.inTurn(() => logout(session));
  }

  /** Ends the session. Once it has resolved, nothing in flight can bring it back; this object can do no more. */
  async destroy(): Promise<void> {
    const session = this.#use();
    await session.queue.inTurn(() => destroy(session));
  }

  /** Gives the session a new id, without a grace for the old one. For a change of privilege that is not a login. */
  async rotate(): Promise<void> {
    const session = this.#use();
    await session.queue.inTurn(() => rotate(session));
  }

  /** The user has proved again who they are: a new id, both time limits begin anew, `authenticatedAt` is now. */
  async reauthenticate(options: ReauthenticateOptions = {}): Promise<void> {
    const session = this.#use();
    await session.queue.inTurn(() => reauthenticate(session, options));
  }

  /**
   * Passes when the user authenticated within this time ("sudo mode", ASVS 7.5.1, 7.5.3), and with all of these
   * factors.
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
    assertFresh(this.#use(), milliseconds("requireFresh", within), within, needed);
  }

  /** Leaves a message for the next page. */
  flash(kind: string, text: string): void {
    const session = this.#use();
    assertUsable(session, "flash");
    for (const [name, value] of Object.entries({ kind, text })) {
      if (typeof value !== "string") throw invalidOption(`flash.${name}`, value, "a string");
    }
    assertHandsOut(session, "flash");
    if (session.response.committed) throw committed();
    session.flash.add({ kind, text });
  }

  /**
   * The messages that were left for this page; each is given once. Those left by this request are for the next. A page
   * that is only prefetched is given none, and uses none up.
   */
  flashes(): readonly Flash[] {
    return takeFlashes(this.#use());
  }

  /**
   * Gives up what this request has changed in `data` and its flash messages so far: for a batch or a GraphQL mutation
   * that failed in part, where no status says so. What `update` and the verbs have done stays.
   *
   * @throws SOJOURN_COMMITTED when it has been saved already.
   */
  discard(): void {
    const session = this.#use();
    if (session.response.committed) throw committed();
    session.revert();
  }

  /**
   * Reads the session again, as it is stored now. What this request changed in `data` and has not saved is given up.
   *
   * @throws SOJOURN_REVOKED when it has ended, SOJOURN_REPLACED when it is another user's by now,
   *   SOJOURN_STORE_UNAVAILABLE.
   */
  async reload(): Promise<void> {
    const session = this.#use();
    await session.queue.inTurn(() => reload(session));
  }

  /**
   * Aborts when the session ends, anywhere: close sockets and streams on it. Adapters let go of it when
   * the response is over; elsewhere call `release`. Its `reason` is an AbortError with `endReason` ("logout",
   * "revoked"…) where the end was asked for in this process, undefined elsewhere.
   *
   * @example
   * ```ts
   * session.signal.addEventListener("abort", () => socket.close(4401));
   * ```
   */
  get signal(): AbortSignal {
    return this.#use().listen().signal;
  }

  /** Whether `signal` was asked for and not yet let go. */
  get listening(): boolean {
    return this.#internals.listener?.active === true;
  }

  /** Lets go of `signal`. */
  release(): void {
    this.#internals.listener?.release();
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
    const { identity, held, isNew } = this.#internals;
    return { id: identity?.key, isNew, ...held?.times };
  }

  #use(): Internals {
    this.#internals.response.use();
    return this.#internals;
  }
}
