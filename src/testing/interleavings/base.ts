/**
 * How a scenario begins, once for all of its runs: browsers visit and log in, time passes, and each run gets a world of
 * its own from what they left.
 */
import { stampsOf } from "../../clock.ts";
import type { AllSessions, Clock, SessionEvent, SessionKey, SessionRecord, Store } from "../../index.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";
import { Browser } from "./browser.ts";
import { markOf } from "./deeds.ts";
import { heldStore } from "./held-store.ts";
import { type OpenStore, ReusedStore } from "./reused-store.ts";
import { Stage } from "./stage.ts";
import type { Data, Outcome, Scenario, World } from "./world.ts";

/** Makes the sessions of one process; `createSessions`, or what stands in for it. */
export type OpenSessions = (options: object) => unknown;

const MINUTE = 60_000;
const LONG_AFTER = 86_400_000;
const SECRET = Uint8Array.from({ length: 32 }, (_, index) => (index * index * 73 + index * 41 + 7) % 256);

/** What is there before anything is done. */
export type Beginning = Omit<Scenario, "deeds">;

/** What all runs from one beginning begin with. */
export interface Base {
  readonly scenario: Beginning;
  readonly cookies: ReadonlyMap<string, string>;
  readonly ids: ReadonlyMap<string, SessionKey>;
  readonly stolen: string;
  readonly openStore: OpenStore;
  readonly stores: ReusedStore;
  readonly openSessions: OpenSessions;
  /** Makes the processes of so many deeds. */
  readonly makeProcesses: (deeds: number) => ReadonlyMap<string, Process>;
  readonly probe: AllSessions<Data>;
  /** The run that they serve. */
  readonly now: Now;
}

interface Now {
  world?: World;
  /** The processes of the last run, when nothing in them is under way. */
  processes?: ReadonlyMap<string, Process> | undefined;
}

function current({ world }: Now): World {
  if (!world) throw new Error("a process was used before its run had begun");
  return world;
}

interface Process {
  readonly sessions: AllSessions<Data>;
  readonly store: Store;
  /** Makes it forget which time it has seen last, so that it begins as it did the first time. */
  forget(time: number): void;
}

function sessionsOf(scenario: Beginning, open: OpenSessions, options: object): AllSessions<Data> {
  const { limit, mode } = scenario;
  const bounds = limit ? { maxSessionsPerUser: limit.sessions, onLimit: limit.onLimit } : {};
  return open({
    secrets: SECRET,
    csrf: false,
    idle: "2h",
    lifetime: "7d",
    rotateEvery: "1h",
    storeTimeout: "30s",
    ...(mode === "tracked" ? { data: "cookie" } : {}),
    ...bounds,
    ...options,
  }) as AllSessions<Data>;
}

/** Lets everybody in whom the scenario has, and lets time pass. */
export async function makeBase(scenario: Beginning, openStore: OpenStore, open: OpenSessions): Promise<Base> {
  const clock = fakeClock();
  const store = await openStore(clock);
  const sessions = sessionsOf(scenario, open, { store, clock });
  const browsers = ["X", "Y", "Z"].map((name) => new Browser(name, ""));
  const ids = new Map<string, SessionKey>();
  for (const browser of browsers) {
    clock.advance(1_000);
    const user = { X: scenario.visitor === "ann" ? "ann" : undefined, Y: "ann", Z: "bob" }[browser.name];
    await visit(sessions, browser, async (session) => {
      if (user) await session.login(user);
      session.data.cart = [markOf(user, `cart${browser.name}`)];
      session.data.hits = 1;
      ids.set(browser.name, session.id);
    });
  }
  const [x] = browsers as [Browser];
  const stolen = x.cookie;
  await age(scenario, clock, sessions, browsers);
  const keys = [...ids.values()];
  const records: [SessionKey, SessionRecord][] = [];
  for (const key of keys) {
    const stored = await store.get(key);
    if (!stored) throw new Error("the store lost a session before anything had begun");
    const { payload, userId, createdAt, seenAt, expiresAt } = stored;
    records.push([key, { payload, userId, createdAt, seenAt, expiresAt }]);
  }
  const cookies = new Map(browsers.map(({ name, cookie }) => [name, cookie]));
  const now: Now = {};
  const make = (deeds: number): ReadonlyMap<string, Process> => makeProcesses(scenario, deeds, store, open, now);
  const probe = sessionsOf(scenario, open, {
    store: new Proxy(store, { get: (_, name) => bound(now.world?.store ?? store, name) }),
    clock: () => current(now).clock(),
    onReuse: "report",
  });
  const made = { cookies, ids, stolen, probe, now, stores: new ReusedStore(openStore, records, clock()) };
  return { scenario, ...made, openStore, openSessions: open, makeProcesses: make };
}

function bound(target: Store, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === "function" ? value.bind(target) : value;
}

/** One process for each deed, or one for all. */
function makeProcesses(
  scenario: Beginning,
  deeds: number,
  shape: Store,
  open: OpenSessions,
  now: Now,
): Map<string, Process> {
  const processes = new Map<string, Process>();
  const hooks = { reuse: (event: SessionEvent) => current(now).events.push(event) };
  for (let index = 0; index < deeds; index++) {
    const actor = actorOf(index);
    const [first] = processes.values();
    const shared = scenario.processes === "one" ? first : undefined;
    const whose = scenario.processes === "one" ? () => whoCalls(current(now)) : () => actor;
    const store = heldStore(shape, { place: () => current(now), actor: whose, twoSteps: scenario.twoSteps });
    const make = (): Process => {
      const clock: Clock = () => current(now).clock();
      const sessions = sessionsOf(scenario, open, { store, clock, hooks });
      return { store, sessions, forget: (time) => setBack(clock, time) };
    };
    processes.set(actor, shared ?? make());
  }
  return processes;
}

/** The instants of a clock begin anew when it was set back by far. */
function setBack(clock: Clock, time: number): void {
  const stamp = stampsOf(clock);
  stamp(time + LONG_AFTER);
  stamp(time);
}

/**
 * To set up a process costs more than a run. All that one keeps of an earlier run is the time that it saw last, the
 * proof of a cookie (the same each time), and what is under way; so it is used again after a run that came to its end.
 */
function processesOf({ now, makeProcesses }: Base, deeds: number, time: number): ReadonlyMap<string, Process> {
  const processes = now.processes?.size === deeds ? now.processes : makeProcesses(deeds);
  now.processes = undefined;
  for (const process of processes.values()) process.forget(time);
  return processes;
}

function actorOf(index: number): string {
  return String.fromCharCode(65 + index);
}

async function age(
  { age }: Beginning,
  clock: FakeClock,
  sessions: AllSessions<Data>,
  browsers: readonly Browser[],
): Promise<void> {
  const [x] = browsers as [Browser];
  const nothing = (): void => {};
  clock.advance(1_000);
  if (age === "touch due") clock.advance(58 * MINUTE);
  if (age === "rotation due") clock.advance(61 * MINUTE);
  if (age !== "rotated twice") return;
  for (let times = 0; times < 2; times++) {
    clock.advance(61 * MINUTE);
    for (const browser of browsers) await visit(sessions, browser, nothing);
    clock.advance(1_000);
    await visit(sessions, x, nothing);
  }
  clock.advance(MINUTE);
}

async function visit(sessions: AllSessions<Data>, browser: Browser, act: Parameters<typeof handler>[0]): Promise<void> {
  browser.keep(await sessions.handle(browser.request(), handler(act)));
}

type Visited = Awaited<ReturnType<AllSessions<Data>["open"]>>;

function handler(act: (session: Visited) => unknown): (session: Visited) => Promise<Response> {
  return async (session) => {
    await act(session);
    return new Response(null);
  };
}

/** A fresh copy of what the scenario begins with: nothing of an earlier run is in it. */
export async function makeWorld(base: Base, deeds: readonly string[], answers: boolean): Promise<World> {
  const scenario: Scenario = { ...base.scenario, deeds };
  const filled = await base.stores.fill();
  const { store, clock } = filled;
  const begunAt = clock();
  const stored = new Set<string>();
  const processes = processesOf(base, deeds.length, begunAt);
  const world: World = {
    scenario,
    stage: new Stage(),
    clock,
    store,
    answers,
    onEffect: (verb, args, answer) => {
      if (verb === "deleteAll" || verb === "clear") filled.revoked = true;
      if (wasStored(verb, answer)) stored.add((args[1] as SessionRecord).payload);
    },
    probe: base.probe,
    sessions: new Map([...processes].map(([actor, { sessions }]) => [actor, sessions])),
    stores: new Map([...processes].map(([actor, process]) => [actor, process.store])),
    browsers: new Map([...base.cookies].map(([name, cookie]) => [name, new Browser(name, cookie)])),
    ids: base.ids,
    stolen: base.stolen,
    stored,
    events: [],
    outcomes: scenario.deeds.map((deed, index) => blank(actorOf(index), deed)),
    begunAt,
    steps: 0,
    moving: "A",
    failures: 0,
    onEnd: () => {
      base.now.processes = processes;
      base.stores.giveBack(filled);
    },
  };
  base.now.world = world;
  return world;
}

export function blank(actor: string, deed: Outcome["deed"]): Outcome {
  return {
    actor,
    deed,
    startedAt: 0,
    answeredAt: 0,
    firstStartedAt: 0,
    startedTime: 0,
    status: 0,
    code: undefined,
    live: false,
    user: undefined,
    mark: undefined,
    carried: false,
  };
}

/** In one process a call does not say whose it is: it is the one's who was let go, unless that one stands elsewhere. */
function whoCalls(world: World): string {
  const busy = new Set(world.stage.held.map(({ actor }) => actor));
  const free = world.outcomes.filter(({ actor, answeredAt }) => answeredAt === 0 && !busy.has(actor));
  return (free.find(({ actor }) => actor === world.moving) ?? free[0])?.actor ?? world.moving;
}

function wasStored(verb: string, answer: unknown): boolean {
  if (verb === "create") return answer !== null;
  return ["update", "admit", "replace"].includes(verb) && (answer as { readonly status?: unknown }).status === "ok";
}
