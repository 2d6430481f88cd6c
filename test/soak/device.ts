/**
 * One client: a cookie jar, a user, and a memory of everything that it was told. Each answer is compared with that
 * memory, and the ledger hears of what does not fit.
 */
import type { HistoryCall } from "../../src/testing/history/event.ts";
import type { Answer } from "./application.ts";
import { Browser, type Reply, type World } from "./browser.ts";
import type { Outcome } from "./chronicle.ts";
import { type Account, type Grave, Known } from "./known.ts";
import { tokenOf } from "./token.ts";

/** Keys that are set one at a time, beside the count `n`. */
const NAMES = ["k0", "k1", "k2", "k3"] as const;

export class Device {
  readonly #world: World;
  readonly #browser: Browser;
  readonly #account: Account;
  readonly #owner: string;
  #session: Known | undefined;
  #logins = 0;
  /** The last one, when it turned out to be over. */
  #before: Known | undefined;
  /** The user's other devices. */
  others: readonly Device[] = [];

  constructor(world: World, number: number, account: Account) {
    this.#world = world;
    this.#browser = new Browser(world, number);
    this.#account = account;
    this.#owner = `device-${number}`;
  }

  /** When the last request that succeeded began. */
  get succeededAt(): number {
    return this.#browser.succeededAt;
  }

  /** One thing that a person does, or two or three at once. */
  async act(): Promise<void> {
    const { random, users } = this.#world;
    if (!this.#session) return this.login();
    const dice = random.below(100);
    if (dice < 30) return this.read();
    if (dice < 50) return this.#set(random.pick(NAMES));
    if (dice < 68) return this.#update();
    if (dice < 78) {
      await Promise.all([this.#set("k0"), this.#set("k1"), this.#update(), this.#update(), this.read()]);
      return;
    }
    if (dice < 84) return this.#haunt();
    if (dice < 89) return users ? this.#list() : this.read();
    if (dice < 93) return this.login();
    if (dice < 96) return this.#logout();
    return this.#revoke(users && random.chance(0.5) ? "all" : "one");
  }

  /** What is there must be what is known. */
  async read(): Promise<void> {
    const session = this.#session;
    const sure = session?.sure();
    const goneAt = session?.goneAt;
    const reply = await this.#browser.ask("/read");
    if (session?.key && reply.status === 200) {
      const value = reply.answer.user === undefined ? null : (reply.answer.figures?.n ?? 0);
      this.#note(reply.startedAt, { op: "read", key: session.key }, { ok: value });
    }
    this.#judge(reply, session, sure, goneAt);
  }

  async login(): Promise<void> {
    const { ledger, graves } = this.#world;
    const account = this.#account;
    const old = this.#session;
    const sure = old?.sure();
    const cookie = this.#browser.cookie;
    const reply = await this.#browser.ask(`/login?user=${account.user}&owner=${this.#owner}`, "login");
    const doubtful = this.#doubtfulSince(reply.startedAt);
    if (reply.status === 401 && !doubtful) ledger.breaks("status", "401 for a login that nobody revoked");
    if (reply.status !== 200) {
      if (old) old.maybeGone = true;
      if (old?.key) this.#note(reply.startedAt, { op: "delete", key: old.key }, "unknown");
      if (this.#browser.cookie === cookie || this.#browser.cookie === "") return;
      // With a 503: logged in, and then something else failed. With a 401: nobody, whose data was saved.
      this.#session =
        reply.status === 503 ? new Known(tokenOf(this.#browser.cookie).id, undefined, old, true) : undefined;
      this.#before = undefined;
      return;
    }
    ledger.wrote(reply.startedAt);
    const { answer } = reply;
    // A login that was ended before its answer went out is handed nothing.
    if (this.#browser.cookie === cookie && !doubtful) ledger.breaks("cookie", "a login without a cookie");
    const carried = Object.keys(answer.figures ?? {}).length > 0;
    // With a cookie: a login whose answer was lost is found by its repetition, with what it took along.
    if (cookie === "" && !old && this.#before && carried)
      ledger.breaks("returned", `the login of ${this.#owner} found what was over`);
    const fresh = !carried && (!old || old.maybeGone || old.goneAt !== undefined);
    this.#logins += 1;
    const key = `${this.#owner}/${this.#logins}`;
    const session = new Known(answer.id ?? "", key, fresh ? undefined : (old ?? this.#before), doubtful);
    this.#session = session;
    this.#before = undefined;
    if (old) graves.push({ cookie, key: old.key, since: performance.now(), why: "replaced" });
    if (old?.key) this.#note(reply.startedAt, { op: "delete", key: old.key }, { ok: undefined });
    const value = answer.figures?.n ?? 0;
    this.#note(reply.startedAt, { op: "login", key, user: account.user, value }, { ok: true });
    // A revocation of the session that this one carries on ends this one too.
    if (doubtful) this.#note(reply.startedAt, { op: "delete", key }, "unknown");
    this.#judge(reply, session, fresh ? undefined : sure, undefined);
  }

  /** Tries a cookie of a session that has ended, of whatever user. */
  async haunt(grave: Grave): Promise<boolean> {
    const { ledger, graves, staleness } = this.#world;
    const startedAt = performance.now();
    if (startedAt < grave.since + staleness) return true;
    const response = await this.#browser.fetch("/read", grave.cookie);
    if (response?.status !== 200) return false;
    ledger.ghosts += 1;
    const answer = (await response.json()) as Answer;
    const found = answer.user === undefined ? null : (answer.figures?.n ?? 0);
    if (grave.key) this.#note(startedAt, { op: "read", key: grave.key }, { ok: found });
    if (answer.user !== undefined) {
      const kind = grave.why === "logout" || grave.why === "revoked" ? "resurrected" : "returned";
      const age = ((startedAt - grave.since) / 1000).toFixed(2);
      ledger.breaks(kind, `a session of ${answer.user} that had been ${grave.why} ${age} s before`);
      graves.splice(graves.indexOf(grave), 1);
    } else if (response.headers.getSetCookie().length > 0)
      ledger.breaks("cookie", "a cookie for a session that has ended");
    return true;
  }

  async #haunt(): Promise<void> {
    const { graves, random } = this.#world;
    if (graves.length > 0) await this.haunt(random.pick(graves));
  }

  async #set(name: string): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const sure = new Map(session.sure());
    const { goneAt } = session;
    const figure = session.figure(name);
    const value = ++figure.issued;
    const reply = await this.#browser.ask(`/set?name=${name}&value=${value}`);
    // The answer was made before the commit, and has the request's own change in it.
    sure.delete(name);
    this.#judge(reply, session, sure, goneAt);
    if (reply.status !== 200 || reply.answer.user === undefined) return;
    this.#world.ledger.wrote(reply.startedAt);
    figure.sure = Math.max(figure.sure, value);
  }

  async #update(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const sure = session.sure();
    const { goneAt } = session;
    const figure = session.figure("n");
    figure.issued += 1;
    const reply = await this.#browser.ask("/update");
    const { value } = reply.answer;
    if (session.key) {
      const call = { op: "increment", key: session.key } as const;
      // 401: it was gone.
      this.#note(reply.startedAt, call, reply.status === 503 ? "unknown" : { ok: value ?? null });
    }
    if (value !== undefined) {
      const { ledger } = this.#world;
      ledger.wrote(reply.startedAt);
      if (session.returned.has(value)) ledger.breaks("lost-write", `update() returned ${value} twice`);
      session.returned.add(value);
      figure.sure = Math.max(figure.sure, value);
    }
    this.#judge(reply, session, sure, goneAt);
  }

  async #logout(): Promise<void> {
    const { ledger, graves } = this.#world;
    const session = this.#session;
    if (!session) return;
    const cookie = this.#browser.cookie;
    session.maybeGone = true;
    const reply = await this.#browser.ask("/logout", "logout");
    if (session.key) {
      const outcome = reply.status === 200 ? { ok: undefined } : "unknown";
      this.#note(reply.startedAt, { op: "delete", key: session.key }, outcome);
    }
    if (reply.status !== 200) return;
    ledger.wrote(reply.startedAt);
    session.goneAt ??= performance.now();
    // One that failed and is repeated finds nobody to log out: nothing is acknowledged by that.
    const why = reply.answer.ended ? "logout" : "observed";
    graves.push({ cookie, key: session.key, since: session.goneAt, why });
    this.#session = undefined;
    // Its id may have been replaced by a login whose answer was lost: that one lives, and the next login finds it.
    if (!reply.answer.ended) this.#before = session;
  }

  async #list(): Promise<void> {
    const { ledger } = this.#world;
    const session = this.#session;
    if (!session) return;
    const sure = session.sure();
    const { goneAt } = session;
    const reply = await this.#browser.ask("/list");
    this.#judge(reply, session, sure, goneAt);
    const { listed } = reply.answer;
    if (!listed) return;
    const strangers = listed.filter(({ user }) => user !== this.#account.user);
    if (strangers.length > 0) ledger.breaks("foreign", `${strangers.length} sessions of others in a list`);
    const missing = !listed.some(({ id }) => id === session.id);
    if (missing && !session.maybeGone && session.goneAt === undefined)
      ledger.breaks("unlisted", `${session.id} is live and not in its user's list`);
  }

  /** Ends the sessions of the user's other devices: all of them, or one by its id. */
  async #revoke(which: "all" | "one"): Promise<void> {
    const { ledger, graves, divided } = this.#world;
    const account = this.#account;
    const session = this.#session;
    const known = this.others.filter((other) => other.#session !== undefined);
    const targets = which === "all" ? known : known.slice(0, 1);
    const [first] = targets;
    if (!session || (which === "one" && !first)) return this.read();
    const id = which === "one" ? (first as Device).#session?.id : undefined;
    const ends = targets.map((device) => ({ known: device.#session as Known, cookie: device.#browser.cookie }));
    for (const end of ends) end.known.maybeGone = true;
    const sure = session.sure();
    const { goneAt } = session;
    account.revokesUnderWay += 1;
    const reply = await this.#browser.ask(which === "all" ? "/revoke-others" : `/revoke?id=${id}`);
    account.revokesUnderWay -= 1;
    account.lastRevokeEnded = performance.now();
    if (reply.status === 503) account.revokeUnknown = true;
    const call: HistoryCall | undefined =
      which === "all"
        ? { op: "revokeUser", user: account.user, except: session.key }
        : ends[0]?.known.key
          ? { op: "delete", key: ends[0].known.key }
          : undefined;
    if (call && reply.status === 503) this.#note(reply.startedAt, call, "unknown");
    if (call && reply.answer.user !== undefined) this.#note(reply.startedAt, call, { ok: undefined });
    this.#judge(reply, session, sure, goneAt);
    if (reply.status !== 200 || reply.answer.user === undefined) return;
    // On one side of a network that is split, a session of the other is not there to be ended.
    if (reply.answer.ended === false && divided) return;
    ledger.wrote(reply.startedAt);
    for (const { known: ended, cookie } of ends) {
      ended.goneAt ??= performance.now();
      graves.push({ cookie, key: ended.key, since: ended.goneAt, why: "revoked" });
    }
  }

  /** Whether a revocation may have met what this device has done since then. */
  #doubtfulSince(then: number): boolean {
    const { revokesUnderWay, lastRevokeEnded, revokeUnknown } = this.#account;
    return revokesUnderWay > 0 || lastRevokeEnded >= then || (revokeUnknown && this.#world.ledger.unsettled);
  }

  /** Compares an answer with what was known when the request began. */
  #judge(
    { status, answer, startedAt }: Reply,
    session: Known | undefined,
    sure: ReadonlyMap<string, number> | undefined,
    goneAt: number | undefined,
  ): void {
    const { ledger, staleness } = this.#world;
    // An update of a session that the server forgot: the same loss as to be found logged out, and allowed where that is.
    if (status === 401 && session && !session.maybeGone && session.goneAt === undefined)
      ledger.breaks("lost-session", `${this.#owner}: 401 for a session that nobody ended`);
    if (status !== 200) return;
    if (answer.user === undefined) {
      if (session) this.#sawNobody(session);
      return;
    }
    if (answer.user !== this.#account.user || answer.owner !== this.#owner)
      ledger.breaks("foreign", `${this.#owner} of ${this.#account.user} got ${answer.owner} of ${answer.user}`);
    if (goneAt !== undefined && startedAt >= goneAt + staleness)
      ledger.breaks("resurrected", `${this.#owner} is logged in after its end was acknowledged`);
    if (!session) return;
    for (const [kind, what] of session.compare(answer.figures ?? {}, sure))
      ledger.breaks(kind, `${this.#owner} ${what}`);
  }

  #sawNobody(session: Known): void {
    if (this.#session !== session) return;
    const { ledger } = this.#world;
    this.#session = undefined;
    this.#before = session;
    if (session.goneAt !== undefined) return;
    if (session.maybeGone) this.#bury(session, "observed");
    else ledger.breaks("lost-session", `${this.#owner} of ${this.#account.user} is logged out`);
  }

  #bury({ key }: Known, why: Grave["why"]): void {
    this.#world.graves.push({ cookie: this.#browser.cookie, key, since: performance.now(), why });
  }

  #note(startedAt: number, call: HistoryCall, outcome: Outcome): void {
    this.#world.chronicle.write(this.#owner, startedAt, call, outcome);
  }
}
