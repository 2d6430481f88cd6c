/** One of several servers of an application over one store, in a process of its own or not. What it does is recorded. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../../../src/clock.ts";
import { type AllSessions, createSessions, isSessionError, type Session } from "../../../src/index.ts";
import type { Store, UserStore } from "../../../src/stores/store.ts";
import type { HistoryAnswer, HistoryCall, HistoryEvent } from "../../../src/testing/history/event.ts";
import { historyRecorder, type PendingCall, type RecordedClient } from "../../../src/testing/history/recorder.ts";

export interface NodeOptions {
  /** Names its client in the history. */
  readonly name: string;
  readonly limit?: number | undefined;
  readonly onLimit?: "evict-oldest" | "reject" | undefined;
  /** Takes the epoch's check out of `admit`, to see the tests object. */
  readonly broken?: "epoch" | undefined;
}

/** What a request is answered with, as JSON. */
export interface NodeAnswer {
  readonly value: unknown;
  readonly status: number;
  readonly setCookies: readonly string[];
}

/** A path with its query, and the cookies. */
export interface NodeRequest {
  readonly path: string;
  readonly cookie: string;
}

export interface ServerNode {
  serve(request: NodeRequest): Promise<NodeAnswer>;
  history(): readonly HistoryEvent[];
}

interface Data {
  count?: number;
  [key: string]: unknown;
}

/** Where a login is held, and what of it is recorded. */
interface Login {
  readonly pending: PendingCall;
  readonly hold: string | null;
}

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Those who stand at the gate, and those who wait for so many to stand there. */
class Gate {
  #standing: (() => void)[] = [];
  #waiting: { readonly count: number; readonly go: () => void }[] = [];

  pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#standing.push(resolve);
      for (const { count, go } of this.#waiting) if (this.#standing.length >= count) go();
    });
  }

  held(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#standing.length >= count) resolve();
      else this.#waiting.push({ count, go: resolve });
    });
  }

  open(): void {
    for (const go of this.#standing.splice(0)) go();
    this.#waiting = [];
  }
}

export function openNode(store: Store, clock: Clock, options: NodeOptions): ServerNode {
  const recorder = historyRecorder({ now: sharedNow, keep: true });
  const client = recorder.client(options.name);
  const gate = new Gate();
  const logins = new AsyncLocalStorage<Login>();
  const { limit, onLimit } = options;
  const sessions = createSessions<Data>({
    secrets: SECRET,
    store: steered(store as UserStore, options, logins, gate),
    clock,
    rotateEvery: "10m",
    storeTimeout: "25s",
    ...(limit !== undefined && { maxSessionsPerUser: limit, onLimit }),
  } as never) as unknown as AllSessions<Data>;
  const site: Site = { sessions, client, gate, logins, mayEvict: limit !== undefined && onLimit !== "reject" };
  return {
    history: () => recorder.events,
    async serve({ path, cookie }) {
      const url = new URL(path, "https://app.example");
      const outside = await withoutSession(site, url);
      if (outside !== undefined) return { value: outside, status: 200, setCookies: [] };
      const request = new Request(url, { headers: cookie ? { cookie } : {} });
      const key = url.searchParams.get("label") ?? "";
      const asked = RECORDED[url.pathname];
      const pending = key !== "" && asked ? client.invoke(asked(key)) : undefined;
      const response = await sessions.handle(request, async (session) => {
        const value = await application(site, session, url);
        pending?.ok(answerOf(url.pathname, value));
        return Response.json(value ?? null);
      });
      const { status } = response;
      const value: unknown = status === 200 ? await response.json() : undefined;
      return { value, status, setCookies: response.headers.getSetCookie() };
    },
  };
}

/** Holds `epoch` and `admit` of logins that asked for it, and notes when a login knows its epoch. */
function steered(store: UserStore, { broken }: NodeOptions, logins: AsyncLocalStorage<Login>, gate: Gate): UserStore {
  if (!("admit" in store)) return store;
  const verbs: Partial<UserStore> = {
    epoch: async (userId) => {
      const epoch = await store.epoch(userId);
      logins.getStore()?.pending.begun();
      return epoch;
    },
    admit: async (key, record, admission) => {
      const { hold } = logins.getStore() ?? {};
      if (hold === "before admit") await gate.pass();
      const epoch = broken === "epoch" ? await store.epoch(record.userId) : admission.epoch;
      const since = broken === "epoch" ? undefined : admission.since;
      const result = await store.admit(key, record, { ...admission, epoch, since });
      if (hold === "after admit") await gate.pass();
      return result;
    },
  };
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(verbs, name) ?? Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

interface Site {
  readonly sessions: AllSessions<Data>;
  readonly client: RecordedClient;
  readonly gate: Gate;
  readonly logins: AsyncLocalStorage<Login>;
  readonly mayEvict: boolean;
}

/** For requests without a label, which are judged by what is left. */
const UNRECORDED = historyRecorder({ now: sharedNow, keep: true }).client("unrecorded");

/** Requests whose whole way through the library is one call of the history. */
const RECORDED: Readonly<Record<string, (key: string) => HistoryCall>> = {
  "/valid": (key) => ({ op: "valid", key }),
  "/add": (key) => ({ op: "increment", key }),
};

function answerOf(path: string, value: unknown): HistoryAnswer {
  if (path === "/valid") return { value: value !== null };
  return { value: typeof value === "number" ? value : null };
}

/** What an operator does, or the test; undefined where it is a visitor's request. */
async function withoutSession({ sessions, client, gate }: Site, { pathname, searchParams }: URL): Promise<unknown> {
  const user = searchParams.get("user") ?? "";
  switch (pathname) {
    case "/held":
      await gate.held(Number(searchParams.get("count")));
      return true;
    case "/release":
      gate.open();
      return true;
    case "/revoke-user":
      return client.run({ op: "revokeUser", user }, () => sessions.revokeUser(user));
    case "/revoke-all":
      return client.run({ op: "revokeAll" }, () => sessions.revokeAll());
    case "/list":
      return (await sessions.list(user)).items.map(({ id }) => id);
    default:
      return undefined;
  }
}

async function application(site: Site, session: Session<Data>, { pathname, searchParams }: URL): Promise<unknown> {
  const { client, sessions } = site;
  const key = searchParams.get("label") ?? "";
  switch (pathname) {
    case "/set":
      session.data[searchParams.get("key") as string] = true;
      return true;
    case "/add":
      if (key !== "" && session.userId === undefined) return null;
      return session.update("count", (count = 0) => count + 1).catch(endedIs(null));
    case "/login":
      return login(site, session, key, searchParams);
    case "/logout":
      await client.run({ op: "delete", key }, () => session.logout());
      return true;
    case "/revoke-others":
      if (key === "") return sessions.revokeOthers(session);
      return client.run({ op: "revokeUser", user: searchParams.get("user") ?? "", except: key }, () =>
        sessions.revokeOthers(session),
      );
    case "/rotate":
      await session.rotate();
      return true;
    case "/reauthenticate":
      await session.reauthenticate();
      return true;
    case "/valid":
      return session.userId ?? null;
    default:
      return { ...session.data };
  }
}

/** Answers with the user, or with why not. */
async function login({ client, logins, mayEvict }: Site, session: Session<Data>, key: string, search: URLSearchParams) {
  const user = search.get("user") ?? "";
  const pending = (key === "" ? UNRECORDED : client).invoke({ op: "login", key, user, value: 0, mayEvict });
  try {
    await logins.run({ pending, hold: search.get("hold") }, () => session.login(user));
    pending.ok();
    return user;
  } catch (error) {
    if (!isSessionError(error) || error.code === "SOJOURN_STORE_UNAVAILABLE") throw error;
    pending.fail(error.code);
    return error.code;
  }
}

/** What a request gets whose session ended while it ran. */
function endedIs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isSessionError(error, "SOJOURN_REVOKED") || isSessionError(error, "SOJOURN_ENDED")) return value;
    throw error;
  };
}
