/** One store, one fault, and many clients: before, meanwhile and after. */
import { setTimeout as delay } from "node:timers/promises";
import { createSessions } from "../../src/index.ts";
import { checkHistory, type HistoryVerdict } from "../../src/testing/history/check.ts";
import { seeded } from "../../src/testing/random.ts";
import { SECRET } from "../support/visitor.ts";
import { type World as Served, worlds } from "../support/worlds.ts";
import { applicationOver, type Data } from "./application.ts";
import type { Backend, Fault } from "./backend.ts";
import type { World } from "./browser.ts";
import { Chronicle } from "./chronicle.ts";
import { fastClock } from "./clock.ts";
import { Device } from "./device.ts";
import { Account, type Grave } from "./known.ts";
import { Ledger } from "./ledger.ts";

export interface Campaign {
  readonly backend: Backend;
  readonly fault: string;
  readonly clients: number;
  readonly seed: number;
  /** Milliseconds of work before, during and after the fault. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  /** Milliseconds between two requests of a client, at most. */
  readonly think: number;
  readonly storeTimeout: number;
  /** How much faster the application's clock runs. */
  readonly speed: number;
  /** "Node": over HTTP, or "Fetch": in process. */
  readonly world: "Node" | "Fetch";
  /** Megabytes by which the heap may have grown. */
  readonly growth: number;
}

export interface Result {
  readonly ledger: Ledger;
  /** Megabytes of heap after a collection, before the fault and at the end; NaN where it cannot be told. */
  readonly heap: readonly [number, number];
  readonly connections: readonly [number, number];
  /** What the checker says of the history; undefined where the server does not promise that it is without gaps. */
  readonly history: HistoryVerdict | undefined;
  readonly events: Chronicle["events"];
  /** Milliseconds from the fault's end until every client had been served again. */
  readonly everybody: number;
}

/** Processes of the application: each has sessions, a store and connections of its own. */
const PROCESSES = 2;
/** Devices of a user. */
const DEVICES = 2;
/** How long a client may be without an answer after the end of a fault. */
const RECOVERY_MS = 45_000;

/** Clients at work, until told to rest. */
class Crowd {
  readonly devices: readonly Device[];
  readonly #think: () => number;
  #resting = true;
  #work: Promise<unknown> = Promise.resolve();

  constructor(devices: readonly Device[], think: () => number) {
    this.devices = devices;
    this.#think = think;
  }

  go(): void {
    this.#resting = false;
    this.#work = Promise.all(
      this.devices.map(async (device) => {
        await delay(this.#think());
        while (!this.#resting) {
          await device.act();
          await delay(this.#think());
        }
      }),
    );
  }

  async rest(): Promise<void> {
    this.#resting = true;
    await this.#work;
  }
}

async function heapNow(): Promise<number> {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (!collect) return Number.NaN;
  for (let round = 0; round < 3; round += 1) {
    collect();
    await delay(20);
  }
  return process.memoryUsage().heapUsed / 1_048_576;
}

/** Until the fault was felt: a run without a failure has not tested anything. */
async function failures(fault: string, ledger: Ledger): Promise<void> {
  for (let wait = 0; ledger.count(503) === 0; wait += 20) {
    if (wait > 20_000) throw new Error(`the fault "${fault}" failed no request`);
    await delay(20);
  }
}

/** Until every client has been served since the end of the fault. */
async function recovery(crowd: Crowd, ledger: Ledger): Promise<number> {
  const healedAt = ledger.healedAt as number;
  while (crowd.devices.some(({ succeededAt }) => succeededAt < healedAt)) {
    if (performance.now() > healedAt + RECOVERY_MS) {
      const waiting = crowd.devices.filter(({ succeededAt }) => succeededAt < healedAt).length;
      ledger.breaks("stuck", `${waiting} clients without an answer ${RECOVERY_MS / 1000} s after the fault`);
      break;
    }
    await delay(10);
  }
  return performance.now() - healedAt;
}

/** Every client looks once more, and so does whoever has an old cookie. */
async function audit(crowd: Crowd, graves: readonly Grave[]): Promise<void> {
  const [first] = crowd.devices;
  await Promise.all(crowd.devices.map((device) => device.read()));
  const rest = [...graves].slice(-3_000);
  const workers = Array.from({ length: 20 }, async () => {
    for (let grave = rest.pop(); grave; grave = rest.pop()) await first?.haunt(grave);
  });
  await Promise.all(workers);
}

async function connectionsBackTo(backend: Backend, before: number, ledger: Ledger): Promise<number> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const now = await backend.connections().catch(() => Number.POSITIVE_INFINITY);
    if (now <= Math.max(before, backend.mostConnections ?? 0)) return now;
    if (performance.now() > deadline) {
      ledger.breaks("leak", `${now} connections, and ${before} before`);
      return now;
    }
    await delay(100);
  }
}

function crowdOf(campaign: Campaign, world: World): Crowd {
  const { clients, think } = campaign;
  const devices = Array.from({ length: Math.ceil(clients / DEVICES) }, (_, user) => {
    const account = new Account(`user-${campaign.seed}-${user}`);
    const own = Array.from({ length: DEVICES }, (_, at) => new Device(world, user * DEVICES + at, account));
    for (const device of own) device.others = own.filter((other) => other !== device);
    return own;
  }).flat();
  const random = seeded(campaign.seed + 1);
  return new Crowd(devices, () => random.below(think));
}

async function processesOf({ backend, storeTimeout, speed, world }: Campaign): Promise<readonly Served[]> {
  const clock = fastClock(speed);
  return Promise.all(
    Array.from({ length: PROCESSES }, async (_, process) => {
      const { store, close } = await backend.open(process, clock);
      const sessions = createSessions<Data>({
        store: store as never,
        secrets: SECRET,
        clock,
        storeTimeout,
        rotateEvery: "1m",
        rotationGrace: "1m",
      });
      const served = await worlds[world](sessions, applicationOver(sessions));
      return {
        server: served.server,
        async close() {
          await served.close();
          await sessions.close().catch(() => {});
          await Promise.resolve(close()).catch(() => {});
        },
      };
    }),
  );
}

/** Only where every acknowledged write must be found again, by whomever. */
function judged(
  { backend }: Campaign,
  fault: Fault,
  { events }: Chronicle,
  ledger: Ledger,
): HistoryVerdict | undefined {
  if (fault.permits !== undefined || backend.staleness) return undefined;
  const verdict = checkHistory(events);
  for (const { key, calls } of verdict.contradictions) {
    const told = calls.map(({ client, asked, answered }) => `${client}: ${asked} → ${answered}`);
    ledger.breaks("history", `${key}: ${told.join("; ")}`);
  }
  return verdict;
}

/** Runs it. What was found is in the ledger; it rejects only when the fault could not be made. */
export async function runCampaign(campaign: Campaign): Promise<Result> {
  const { backend, storeTimeout } = campaign;
  const fault = backend.faults[campaign.fault] as Fault;
  // A request makes several calls of the store, and one that fails may be followed by one that undoes what was done.
  const ledger = new Ledger(fault.permits ?? [], fault.permitsMeanwhile ?? [], storeTimeout * 2 + 1_500);
  const processes = await processesOf(campaign);
  const world: World = {
    servers: processes.map(({ server }) => server),
    ledger,
    chronicle: new Chronicle(),
    random: seeded(campaign.seed),
    graves: [],
    sticky: (backend.staleness ?? 0) > 0 || fault.divides === true,
    divided: fault.divides === true,
    staleness: backend.staleness ?? 0,
    users: "memcached" !== backend.name.split("-")[0],
  };
  const crowd = crowdOf(campaign, world);
  ledger.watchLag();
  try {
    // In turns, so that the beginning is no fault of its own.
    for (let at = 0; at < crowd.devices.length; at += 20)
      await Promise.all(crowd.devices.slice(at, at + 20).map((device) => device.login()));
    crowd.go();
    await delay(campaign.before);
    await crowd.rest();
    const heap = await heapNow();
    const connections = await backend.connections();
    crowd.go();
    ledger.begunAt = performance.now();
    await fault.begin();
    await delay(campaign.during);
    if (fault.fails) await failures(campaign.fault, ledger);
    await fault.end();
    ledger.healedAt = performance.now();
    const everybody = await recovery(crowd, ledger);
    await delay(campaign.after);
    await crowd.rest();
    await audit(crowd, world.graves);
    const connectionsAfter = await connectionsBackTo(backend, connections, ledger);
    const heapAfter = await heapNow();
    if (heapAfter > heap + campaign.growth)
      ledger.breaks("leak", `${heapAfter.toFixed(1)} MB of heap, and ${heap.toFixed(1)} before`);
    const history = judged(campaign, fault, world.chronicle, ledger);
    const { events } = world.chronicle;
    return {
      ledger,
      history,
      events,
      heap: [heap, heapAfter],
      connections: [connections, connectionsAfter],
      everybody,
    };
  } finally {
    await crowd.rest();
    ledger.stop();
    await Promise.all(processes.map((each) => each.close()));
  }
}
