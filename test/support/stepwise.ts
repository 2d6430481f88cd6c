/** Sessions over a store whose every call waits for its turn, so that a scheduler decides the order of everything. */
import type { Session } from "../../src/index.ts";
import { type MemoryStore, memoryStore } from "../../src/stores/memory.ts";
import { type FakeClock, fakeClock } from "../../src/testing/index.ts";
import type { fc } from "./fast-check.ts";
import { type AnyData, anotherServer, cookieOf, type TestMode } from "./visitor.ts";

type Sessions = ReturnType<typeof anotherServer>;
type Events = Parameters<typeof anotherServer>[0]["events"];

/** Each call waits for its turn before the store sees it, and again before its answer arrives. */
function stepwise(inner: MemoryStore, scheduler: fc.Scheduler): MemoryStore {
  const verbs = new Set<PropertyKey>([
    "get",
    "create",
    "update",
    "touch",
    "delete",
    "epoch",
    "admit",
    "replace",
    "end",
    "deleteAll",
  ]);
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (!verbs.has(name)) return value.bind(target);
      return async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve(), `${String(name)} is called`);
        const answer: unknown = await value.apply(target, args);
        await scheduler.schedule(Promise.resolve(), `${String(name)} answers`);
        return answer;
      };
    },
  });
}

export interface World {
  readonly scheduler: fc.Scheduler;
  readonly clock: FakeClock;
  readonly inner: MemoryStore;
  readonly sessions: Sessions;
  readonly events: Events;
}

export function openWorld(
  scheduler: fc.Scheduler,
  mode: TestMode,
  options: Parameters<typeof anotherServer>[1] = {},
): World {
  const clock = fakeClock();
  const inner = memoryStore({ clock });
  const events: Events = [];
  const limits = { idle: "30d", lifetime: "30d", rotateEvery: "10m", storeTimeout: "30s", ...options } as const;
  const store = stepwise(inner, scheduler);
  return {
    scheduler,
    clock,
    inner,
    events,
    sessions: anotherServer({ clock, events, instrument: { store } as never }, limits, mode),
  };
}

/** A cookie jar; whoever answers last is believed, as in browsers. */
export interface Jar {
  cookie: string;
}

/** The end of a request: commits, and delivers the cookie some time later, or never. */
export async function respond(world: World, jar: Jar, session: Session<AnyData>, arrives: boolean): Promise<string> {
  const headers = await world.sessions.commit(session);
  const line = headers.find(({ name }) => name === "set-cookie")?.value;
  if (line === undefined) return "";
  const cookie = line.includes("Max-Age=0") ? "" : cookieOf(headers);
  if (arrives) {
    await world.scheduler.schedule(Promise.resolve(), "the response arrives");
    jar.cookie = cookie;
  }
  return cookie;
}
