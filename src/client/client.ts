/** The session in one tab: what is known of it, who is told, and when it is asked about again. */
import type { SessionFacts } from "./facts.ts";
import type { ChannelLike, ClientPlatform } from "./platform.ts";
import { browser } from "./platform.ts";
import { Reader } from "./reader.ts";
import { type Ear, openEar } from "./stream.ts";
import { fetchWithToken } from "./token.ts";
import { type Known, LOADING, leftOf, type SessionView, viewOf } from "./view.ts";

/** How a page looks after its session. */
export interface ClientOptions {
  /** Where `sessionEndpoint` answers, at this page's origin. Default "/session". */
  readonly endpoint?: string | undefined;
  /** Milliseconds before the end from which `warning` is true. Default 60 000; 0 for never. */
  readonly warnBefore?: number | undefined;
  /**
   * Whether clicks and keys in this page keep the session alive, at most every tenth of the idle limit. Default true.
   * The passing of time never does.
   */
  readonly activity?: boolean | undefined;
  /** The header of the CSRF token, as `csrf.tokenHeader` of the server. Default "x-csrf-token". */
  readonly csrfHeader?: string | undefined;
  /** Parts of the browser to be used in place of the globals: for tests. Default: none. */
  readonly platform?: Partial<ClientPlatform> | undefined;
}

const ACTIVITY = ["pointerdown", "keydown"];
const ATTENTION = ["visibilitychange", "pageshow", "focus", "online"];
const LISTENING = { passive: true, capture: true } as const;
/** Longer timers fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;
const SECOND = 1_000;
const FRESH_MS = 5_000;
const AGAIN_MS = 30_000;

/**
 * One for each page; make it with `sessionClient`. All its functions can be passed on by themselves.
 *
 * @example
 * ```ts no-run
 * import { sessionClient } from "sojourn/client";
 *
 * const client = sessionClient({ endpoint: "/session" });
 * ```
 */
export class SessionClient<Public = unknown> {
  readonly #platform: ClientPlatform;
  readonly #warnBefore: number;
  readonly #reader: Reader<Public>;
  readonly #listeners = new Set<() => void>();
  readonly #channel: ChannelLike | undefined;
  readonly #ear: Ear;
  readonly #stops: (() => void)[] = [];
  #known: Known<Public> | undefined;
  #view: SessionView<Public> = LOADING;
  #warning = false;
  #token: string | undefined;
  #timer: unknown;
  #longest = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: ClientOptions) {
    const { endpoint = "/session", warnBefore = 60_000, activity = true, csrfHeader = "x-csrf-token" } = options;
    this.#platform = { ...browser(), ...options.platform };
    this.#warnBefore = warnBefore;
    this.#reader = new Reader(this.#platform, endpoint, csrfHeader);
    this.fetch = fetchWithToken(
      this.#platform,
      csrfHeader,
      () => this.#tokenOf(),
      () => this.#forgetToken(),
    );
    const { BroadcastChannel: Channel } = this.#platform;
    if (Channel) {
      this.#channel = new Channel(`sojourn:${endpoint}`);
      this.#channel.onmessage = ({ data }) => this.#learn(data as Known<Public>);
    }
    this.#ear = openEar(this.#platform, endpoint, {
      facts: (json) => this.#learn({ facts: JSON.parse(json) as SessionFacts<Public>, at: this.#platform.now() }),
      ended: () => {
        this.#forgetToken();
        void this.refresh();
      },
    });
    if (activity) this.#on(ACTIVITY, () => this.#active());
    this.#on(ATTENTION, () => this.#attended());
    void this.refresh();
  }

  /**
   * `fetch` of the browser that adds the CSRF token to requests that change something at this origin, and to no other.
   */
  readonly fetch: typeof globalThis.fetch;

  /** The session as it is known now. */
  readonly get = (): SessionView<Public> => this.#view;

  /** Calls the function after each change of what `get` gives; the result ends that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /**
   * Asks the server, and tells the other tabs: after a login or logout of this page, for example. No sign of life. When
   * the server does not answer, everything stays as it was.
   */
  readonly refresh = async (): Promise<SessionView<Public>> => this.#take(await this.#reader.look());

  /** A sign of life: for the button "stay logged in". */
  readonly keepAlive = async (): Promise<SessionView<Public>> => {
    this.#triedAt = this.#platform.now();
    return this.#take(await this.#reader.keepAlive(this.#token));
  };

  /** Ends everything that it does in the background. */
  readonly close = (): void => {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#platform.clearTimeout(this.#timer as never);
    this.#ear.close();
    this.#channel?.close();
    this.#listeners.clear();
  };

  #on(events: readonly string[], listener: () => void): void {
    const { target } = this.#platform;
    for (const event of events) {
      target?.addEventListener(event, listener, LISTENING);
      this.#stops.push(() => target?.removeEventListener(event, listener, LISTENING));
    }
  }

  /** An answer of the server, or none. */
  #take(answer: Known<Public> | undefined): SessionView<Public> {
    if (this.#closed) return this.#view;
    if (answer) {
      this.#learn(answer);
      this.#channel?.postMessage(answer);
    } else {
      // The end is near by all that is known, though the server does not say so.
      this.#warning = this.#near();
      this.#publish();
      this.#wake(AGAIN_MS);
    }
    return this.#view;
  }

  #learn(known: Known<Public>): void {
    if (this.#closed || (this.#known && known.at < this.#known.at)) return;
    const { facts } = known;
    if (facts.csrfToken !== undefined) this.#token = facts.csrfToken;
    else if (facts.userId !== this.#known?.facts.userId) this.#token = undefined;
    this.#longest = Math.max(facts.userId === this.#known?.facts.userId ? this.#longest : 0, facts.idleMs ?? 0);
    this.#known = known;
    this.#warning = this.#near();
    this.#publish();
    this.#plan();
    this.#ear.listen(facts.stream && facts.userId !== null);
  }

  #left(): number | undefined {
    return leftOf(this.#known, this.#platform.now());
  }

  #near(): boolean {
    const left = this.#left();
    return left !== undefined && left <= this.#warnBefore;
  }

  #publish(): void {
    if (!this.#known) return;
    const view = viewOf(this.#known, this.#platform.now(), this.#warning);
    if (JSON.stringify(view) === JSON.stringify(this.#view)) return;
    this.#view = view;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Nothing is done before the warning is due; from then on the seconds are counted. */
  #plan(): void {
    const left = this.#left();
    if (left === undefined) this.#platform.clearTimeout(this.#timer as never);
    else if (this.#warning) this.#wake(left > 0 ? left % SECOND || SECOND : AGAIN_MS);
    else this.#wake(Math.max(SECOND, left - this.#warnBefore));
  }

  #wake(ms: number): void {
    this.#platform.clearTimeout(this.#timer as never);
    this.#timer = this.#platform.setTimeout(() => this.#woken(), Math.min(ms, LONGEST_TIMER_MS));
  }

  #woken(): void {
    const left = this.#left();
    const counting = this.#warning && left !== undefined && left > 0;
    if (!counting && (left === undefined || left === 0 || this.#near())) {
      // Requests of this page, of other tabs and devices may have moved the end: the server knows.
      this.#publish();
      void this.refresh();
    } else {
      this.#publish();
      this.#plan();
    }
  }

  #active(): void {
    const { status, endsBy, warning } = this.#view;
    const left = this.#left();
    if (status !== "user" || endsBy !== "idle" || left === undefined) return;
    const every = warning ? SECOND : Math.max(SECOND, this.#longest / 10);
    const since = this.#platform.now() - this.#triedAt;
    if (since >= every && (warning || this.#longest - left >= every)) void this.keepAlive();
  }

  #attended(): void {
    const { now, visible } = this.#platform;
    if (visible() && now() - (this.#known?.at ?? Number.NEGATIVE_INFINITY) >= FRESH_MS) void this.refresh();
  }

  async #tokenOf(): Promise<string | undefined> {
    if (this.#token === undefined) this.#take(await this.#reader.lookForToken());
    return this.#token;
  }

  #forgetToken(): void {
    this.#token = undefined;
  }
}
