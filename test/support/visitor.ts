/** Sessions under test, with everything that a test looks at: the clock, the store's calls, the events. */

import type { LimitOptions } from "../../src/config/options.ts";
import {
  type AllSessions,
  createSessions,
  type HeaderOp,
  type Hooks,
  isSessionError,
  type Session,
  type SessionEvent,
  type Sessions,
  type StoreOptions,
} from "../../src/index.ts";
import { type MemoryStore, memoryStore } from "../../src/stores/memory.ts";
import { type FakeClock, fakeClock, type InstrumentedStore, instrumentedStore } from "../../src/testing/index.ts";
import { Client } from "./client.ts";

export const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
export const SECRET_2 = "k2:FBnULmgIuj5RcHdcsJzMBkTGDw8j5ZRbuBw2zE-xLxQ";

/** Any data, so that a scenario can put what it likes into it. */
// biome-ignore lint/suspicious/noExplicitAny: tests of behaviour, not of types.
export type AnyData = Record<string, any>;

type Options = Partial<StoreOptions<AnyData>> & LimitOptions & { readonly initial?: () => AnyData };

export interface Site {
  readonly sessions: AllSessions<AnyData>;
  readonly clock: FakeClock;
  readonly inner: MemoryStore;
  readonly instrument: InstrumentedStore<MemoryStore>;
  readonly events: SessionEvent[];
  /** A browser without cookies. */
  visitor(): Visitor;
}

export const MODES = ["server", "tracked", "stateless"] as const;
export type TestMode = (typeof MODES)[number];

/** An application with a memory store. In stateless mode the store is there and must not be asked. */
export function openSite(options: Options = {}, mode: TestMode = "server", inSteps = false): Site {
  const clock = fakeClock();
  const inner = memoryStore({ clock });
  const instrument = instrumentedStore(inSteps ? inTwoSteps(inner) : inner);
  const events: SessionEvent[] = [];
  const sessions = anotherServer({ clock, instrument, events }, options, mode);
  return { sessions, clock, inner, instrument, events, visitor: () => new Visitor(sessions) };
}

/** The same store without the one step that puts a session in the place of another, as a Redis Cluster is. */
function inTwoSteps<S extends object>(store: S): S {
  return new Proxy(store, {
    has: (target, name) => name !== "replace" && Reflect.has(target, name),
    get(target, name) {
      const value: unknown = name === "replace" ? undefined : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    ownKeys: (target) => Reflect.ownKeys(target).filter((name) => name !== "replace"),
  });
}

/** A second process over the same store. */
export function anotherServer(
  site: Pick<Site, "clock" | "instrument" | "events">,
  options: Options = {},
  mode: TestMode = "server",
): AllSessions<AnyData> {
  const store = mode === "stateless" ? {} : { store: site.instrument.store };
  const data = mode === "tracked" ? { data: "cookie" } : {};
  const given = { secrets: SECRET, clock: site.clock, hooks: listener(site.events), ...store, ...data, ...options };
  return createSessions<AnyData>(given as never) as unknown as AllSessions<AnyData>;
}

function listener(events: SessionEvent[]): Hooks {
  const types = ["created", "rotated", "reuse", "destroyed", "expired", "rejected", "conflict", "revoked", "outage"];
  return Object.fromEntries(types.map((type) => [type, (event: SessionEvent) => events.push(event)])) as Hooks;
}

export interface Visit<T> {
  readonly response: Response;
  readonly value: T;
  readonly setCookies: readonly string[];
}

type Action<T> = (session: Session<AnyData>) => T | Promise<T>;

let visits = 0;

/** A browser whose every request says itself what the application does with the session. */
export class Visitor {
  readonly #sessions: Sessions<AnyData>;
  readonly #actions = new Map<string, Action<unknown>>();
  readonly client: Client;

  constructor(sessions: Sessions<AnyData>) {
    this.#sessions = sessions;
    this.client = new Client((request) => this.#serve(request));
  }

  /** A request whose response arrives. */
  async visit<T = undefined>(action?: Action<T>, init: RequestInit = {}): Promise<Visit<T>> {
    return this.keep(await this.send(action, init));
  }

  /** A request whose response is under way until `keep`, or is lost. */
  async send<T = undefined>(action?: Action<T>, init: RequestInit = {}): Promise<Visit<T>> {
    visits += 1;
    const path = `/${visits}`;
    let value: unknown;
    this.#actions.set(path, async (session) => {
      value = await action?.(session);
    });
    const response = await this.client.send(path, init);
    return { response, value: value as T, setCookies: response.headers.getSetCookie() };
  }

  async keep<T>(visit: Visit<T>): Promise<Visit<T>> {
    await this.client.keep(visit.response);
    return visit;
  }

  cookies(): Promise<string> {
    return this.client.cookies();
  }

  /** What a request of this browser would open, outside of a request. */
  async open(): Promise<Session<AnyData>> {
    return this.#sessions.open(requestWith(await this.cookies()));
  }

  /** The same cookies in other hands. */
  async copy(sessions: Sessions<AnyData> = this.#sessions): Promise<Visitor> {
    const copy = new Visitor(sessions);
    for (const cookie of await this.client.jar.getCookies("https://app.example")) {
      await copy.client.jar.setCookie(cookie.toString(), "https://app.example");
    }
    return copy;
  }

  #serve(request: Request): Promise<Response> {
    const action = this.#actions.get(new URL(request.url).pathname) as Action<unknown>;
    return this.#sessions.handle(request, async (session) => {
      await action(session);
      return new Response("ok");
    });
  }
}

/** A request with this `Cookie` header. */
export function requestWith(cookie?: string): Request {
  return new Request("https://app.example/", cookie ? { headers: { cookie } } : {});
}

/** The `Cookie` header of a client that had none and got these headers. */
export function cookieOf(headers: readonly HeaderOp[]): string {
  const lines = headers.filter(({ name }) => name === "set-cookie").map(({ value }) => value.split(";")[0] as string);
  return lines.filter((line) => !line.endsWith("=")).join("; ");
}

/** Everything that is ready to happen has happened. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The code of the error that a call throws or rejects with. */
export async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call();
  } catch (error) {
    return isSessionError(error) ? error.code : String(error);
  }
  return undefined;
}
