/** A browser for the session client: a clock that a test moves, tabs that share a channel and a lock, and a server to script. */
import { type ClientOptions, type SessionClient, type SessionFacts, sessionClient } from "../../../src/client/index.ts";
import type { ChannelLike, ClientPlatform, EventSourceLike } from "../../../src/client/platform.ts";

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

const USER: SessionFacts = {
  userId: "ann",
  public: null,
  level: "aal1",
  idleMs: 600_000,
  lifetimeMs: 6_000_000,
  because: null,
  stream: true,
};

export const NOBODY: SessionFacts = {
  userId: null,
  public: null,
  level: null,
  idleMs: null,
  lifetimeMs: null,
  because: "ended",
  stream: true,
};

/** Everything that is ready to happen has happened. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Source implements EventSourceLike {
  readonly url: string;
  readyState = 1;
  onerror: ((event: never) => void) | null = null;
  readonly #listeners = new Map<string, (event: { readonly data: string }) => void>();

  constructor(url: string) {
    this.url = url;
  }
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void {
    this.#listeners.set(type, listener);
  }
  tell(type: string, data: unknown): void {
    this.#listeners.get(type)?.({ data: JSON.stringify(data) });
  }
  /** The server would not have it, and the browser does not try again. */
  refuse(): void {
    this.readyState = 2;
    this.onerror?.(undefined as never);
  }
  close(): void {
    this.readyState = 2;
  }
}

export class Stage {
  now = 1_000_000;
  visible = true;
  readonly asked: Asked[] = [];
  readonly sources: Source[] = [];
  /** What the server answers; a status for a refusal, undefined for no answer at all. */
  answer: (asked: Asked) => SessionFacts | number | undefined = () => USER;
  #timers: Timer[] = [];
  readonly #channels = new Set<ChannelLike>();
  #lock: Promise<unknown> = Promise.resolve();
  readonly #clients: SessionClient[] = [];

  get streams(): readonly Source[] {
    return this.sources.filter(({ readyState }) => readyState !== 2);
  }

  count(method: string): number {
    return this.asked.filter((asked) => asked.method === method && asked.url.startsWith("/session")).length;
  }

  /** A tab whose first question has been answered. */
  async tab(options: ClientOptions = {}): Promise<SessionClient & { happen(event: string): void }> {
    const listeners = new Map<string, Set<() => void>>();
    const client = sessionClient({ ...options, platform: { ...this.#platform(listeners), ...options.platform } });
    this.#clients.push(client);
    await settle();
    const happen = (event: string): void => {
      for (const listener of listeners.get(event) ?? []) listener();
    };
    return Object.assign(client, { happen });
  }

  /** Time passes, and what it brings is done. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      const next = this.#timers.sort((a, b) => a.at - b.at).find(({ at }) => at <= until);
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.work();
      await settle();
    }
    this.now = until;
    await settle();
  }

  get timers(): number {
    return this.#timers.length;
  }

  #platform(listeners: Map<string, Set<() => void>>): ClientPlatform {
    const { sources } = this;
    const channels = this.#channels;
    return {
      href: "https://app.example/page",
      now: () => this.now,
      visible: () => this.visible,
      setTimeout: (work, ms) => {
        const timer = { at: this.now + ms, work };
        this.#timers.push(timer);
        return timer;
      },
      clearTimeout: (timer) => {
        this.#timers = this.#timers.filter((each) => each !== timer);
      },
      fetch: async (input, init) => this.#serve(String(input), init),
      EventSource: class extends Source {
        constructor(url: string) {
          super(url);
          sources.push(this);
        }
      },
      BroadcastChannel: class implements ChannelLike {
        onmessage: ((event: { readonly data: unknown }) => void) | null = null;
        constructor() {
          channels.add(this);
        }
        postMessage(data: unknown): void {
          for (const channel of channels) if (channel !== this) channel.onmessage?.({ data: structuredClone(data) });
        }
        close(): void {
          channels.delete(this);
        }
      },
      locks: {
        request: (_name, { signal }, held) => {
          const turn = this.#lock.then(() => (signal.aborted ? undefined : held()));
          this.#lock = turn;
          return turn;
        },
      },
      target: {
        addEventListener: (type, listener) =>
          void listeners.set(type, (listeners.get(type) ?? new Set()).add(listener)),
        removeEventListener: (type, listener) => void listeners.get(type)?.delete(listener),
      },
    };
  }

  #serve(url: string, init: RequestInit = {}): Response {
    const asked = { method: init.method ?? "GET", url, headers: new Headers(init.headers) };
    this.asked.push(asked);
    const answer = this.answer(asked);
    if (answer === undefined) throw new TypeError("fetch failed");
    return typeof answer === "number" ? new Response(null, { status: answer }) : Response.json(answer);
  }
}

/** A server whose session ends so long after its last sign of life. */
export function live(stage: Stage, idle = 600_000, lifetime = 6_000_000): { ended: boolean; seenAt: number } {
  const state = { ended: false, seenAt: stage.now };
  const beganAt = stage.now;
  stage.answer = ({ method, url }) => {
    const lifetimeMs = beganAt + lifetime - stage.now;
    if (method === "POST") state.seenAt = stage.now;
    const idleMs = Math.min(lifetimeMs, state.seenAt + idle - stage.now);
    if (state.ended || idleMs <= 0) return NOBODY;
    return { ...USER, idleMs, lifetimeMs, ...(url.includes("csrf") ? { csrfToken: "t0ken" } : {}) };
  };
  return state;
}
