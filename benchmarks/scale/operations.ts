/** The same operations in both worlds, in turn. */
import type { SessionRecord, StoredRecord } from "sojourn";
import { figure } from "../statistics.ts";
import { closedLoop, type Lane, type Latency } from "./load.ts";
import type { Side } from "./side.ts";
import { pause } from "./time.ts";

export const OPERATIONS = ["get", "update", "request"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** An operation in both worlds, and the median of the rounds' ratios. */
export interface Growth {
  readonly small: Latency;
  readonly large: Latency;
  readonly ratio50: number;
  readonly ratio99: number;
}

/** A record with other data of the same length: a database writes down what differs. */
function changed(record: StoredRecord): SessionRecord {
  const count = 1_000_000 + Math.floor(Math.random() * 9_000_000);
  return { ...record, payload: record.payload.replace(/"count":\d+/, `"count":${count}`) };
}

function laneOf(side: Side, operation: Operation): Lane<string> {
  const { store } = side.world;
  if (operation === "get")
    return (key) => async () => {
      if (!(await store.get(key))) throw new Error("A session is missing.");
    };
  if (operation === "request") return (cookie) => () => side.visits.change(cookie);
  return async (key) => {
    const found = await store.get(key);
    if (!found) throw new Error("A session is missing.");
    const next = changed(found);
    return async () => {
      if ((await store.update(key, next, found.version)).status !== "ok") throw new Error("A write was lost.");
    };
  };
}

/** One visitor a lane: two requests of one session at once would be a conflict, which is another cost. */
function cookiesFor({ cookies, width }: Side, each: number): string[][] {
  const mine = Math.floor(cookies.length / width);
  return Array.from({ length: width }, (_, lane) =>
    Array.from({ length: each }, (_, index) => cookies[lane + width * ((index * 7) % mine)] as string),
  );
}

function itemsFor(side: Side, operation: Operation, each: number): string[][] {
  if (operation === "request") return cookiesFor(side, each);
  const keys = side.keys(each);
  return operation === "get" && side.readsAtOnce ? [keys.flat()] : keys;
}

export async function measureGrowth(
  sides: readonly [small: Side, large: Side],
  operation: Operation,
  rounds: number,
  calls: number,
): Promise<Growth> {
  const each = Math.ceil(calls / sides[0].width);
  const seen: [Latency[], Latency[]] = [[], []];
  for (let round = -1; round < rounds; round++) {
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const side = sides[which];
      const latency = await closedLoop(itemsFor(side, operation, each), laneOf(side, operation));
      // One round for the compilers and the caches.
      if (round >= 0) seen[which].push(latency);
    }
  }
  const [small, large] = seen;
  const median = (of: readonly Latency[]): Latency => ({
    p50: figure(of.map(({ p50 }) => p50)).median,
    p99: figure(of.map(({ p99 }) => p99)).median,
    perSecond: figure(of.map(({ perSecond }) => perSecond)).median,
  });
  const ratio = (name: "p50" | "p99"): number =>
    figure(large.map((latency, round) => latency[name] / (small[round] as Latency)[name])).median;
  return { small: median(small), large: median(large), ratio50: ratio("p50"), ratio99: ratio("p99") };
}

/** Bytes of log or file for one update; NaN where none is written. */
export async function measureWritten({ world, keys, width }: Side): Promise<number> {
  if (!world.written) return Number.NaN;
  await world.checkpoint?.();
  const before = await world.written();
  const lanes = keys(Math.ceil(1_000 / width));
  let count = 0;
  for (const key of lanes.flat()) {
    const found = await world.store.get(key);
    if (found && (await world.store.update(key, changed(found), found.version)).status === "ok") count += 1;
  }
  // What is written once a second is written by then.
  await pause(1_500);
  return ((await world.written()) - before) / count;
}
