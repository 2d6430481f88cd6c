/**
 * The scheduler from outside: its options, its report, and the loop that plays run after run and notes which promises
 * each has broken.
 */
import { freshSeed, seeded } from "../random.ts";
import { lookAround } from "./aftermath.ts";
import type { OpenSessions } from "./base.ts";
import { giveBack, takeBase } from "./bases.ts";
import { deedOf } from "./deeds.ts";
import { AnyOrder, EveryOrder, ThisOrder } from "./explore.ts";
import { type Chooser, type Played, play, repeatRefused } from "./play.ts";
import { type Broken, brokenAtOnce, brokenInTheEnd } from "./promises.ts";
import type { OpenStore } from "./reused-store.ts";
import type { Scenario } from "./world.ts";

/** What to run, and how much of it. */
export interface InterleavingsOptions extends Partial<Scenario> {
  /** What is done at the same time: two or three names of `interleavingDeeds`, the same twice is allowed. */
  readonly deeds: Scenario["deeds"];
  /** Makes an empty store that reads this clock; asked for each run whose store cannot be emptied. */
  readonly store: OpenStore;
  /** Makes the sessions of a process. Default `createSessions`. */
  readonly sessions?: OpenSessions | undefined;
  /** How many calls of the store fail in a run, each before or after it took effect. Default 0. */
  readonly failures?: number | undefined;
  /**
   * Hold each call that writes twice, before it takes effect and before its answer arrives. Default false, which holds it
   * before it takes effect only: between processes the rest makes no difference, and many more runs.
   */
  readonly answers?: boolean | undefined;
  /**
   * Play orders that differ only in steps that do not meet (another key, two reads) once. Default true; false is for
   * checking that.
   */
  readonly reduce?: boolean | undefined;
  /** So many runs by a seed, in place of all. Default: all; the seed, when it is left out, is a new one each time. */
  readonly search?: { readonly runs: number; readonly seed?: number | undefined } | undefined;
  /** Play this one: the text of a violation's `schedule`. Default: every one. */
  readonly schedule?: string | undefined;
  /**
   * The most runs (a whole number of 1 or more): after so many it stops, and the report is not `complete`. Default
   * 100,000.
   */
  readonly mostRuns?: number | undefined;
}

/** One way in which a promise was not kept. */
export interface InterleavingViolation extends Broken {
  /** What was let go, in order, such as "A.start, A.get, B.start, B.update answer lost". */
  readonly schedule: string;
}

/** What was found. */
export interface InterleavingsReport {
  readonly scenario: Scenario;
  /** Orders that were played to their end. */
  readonly runs: number;
  /** Orders that were given up, because they differ from another one in nothing that anybody sees. */
  readonly pruned: number;
  /** Every order was played. */
  readonly complete: boolean;
  /** For `search`. */
  readonly seed: number | undefined;
  /** The shortest schedule for each promise and what became of it. */
  readonly violations: readonly InterleavingViolation[];
}

const MOST_RUNS = 100_000;

/**
 * Plays what two or three requests do at the same time in every order of their calls of the store, and holds what
 * became of it against what the library promises. Every run has a store, a clock and browsers of its own, nothing waits
 * for a time, and so a run repeats from its schedule.
 *
 * Orders that differ only in steps that do not meet (another key, two reads) are played once.
 *
 * @throws RangeError for a deed that there is not, or a schedule that does not fit.
 *
 * @example
 * ```ts
 * const report = await runInterleavings({
 *   store: (clock) => memoryStore({ clock }),
 *   deeds: ["update", "update"],
 * });
 * report.complete; // → true
 * report.violations; // → []
 * ```
 */
export async function runInterleavings(options: InterleavingsOptions): Promise<InterleavingsReport> {
  const { failures = 0, answers = false, mostRuns = MOST_RUNS, search, schedule } = options;
  const scenario = scenarioOf(options);
  const base = await takeBase(scenario, options.store, options.sessions);
  const found = new Map<string, InterleavingViolation>();
  const seed = search ? (search.seed ?? freshSeed()) : undefined;
  const every = new EveryOrder(options.reduce ?? true);
  const any = seed === undefined ? undefined : new AnyOrder(seeded(seed));
  const chooser: Chooser = schedule === undefined ? (any ?? every) : new ThisOrder(schedule);
  const wanted = schedule === undefined ? Math.min(search?.runs ?? mostRuns, mostRuns) : 1;
  let runs = 0;
  let pruned = 0;
  let more = true;
  while (more && runs < wanted) {
    const played = await play(base, chooser, { deeds: scenario.deeds, answers, failures });
    if (played) {
      runs += 1;
      await judge(played, found);
    } else pruned += 1;
    more = chooser === every ? every.more() : true;
  }
  giveBack(base);
  const violations = [...found.values()].sort((one, other) => one.schedule.length - other.schedule.length);
  return { scenario, runs, pruned, complete: chooser === every && !more, seed, violations };
}

function scenarioOf(options: InterleavingsOptions): Scenario {
  for (const deed of options.deeds) deedOf(deed);
  const {
    mode = "server",
    visitor = "ann",
    age = "fresh",
    deeds,
    processes = "each",
    twoSteps = false,
    limit,
  } = options;
  return { mode, visitor, age, deeds, processes, twoSteps, limit };
}

async function judge({ world, schedule, stuck }: Played, found: Map<string, InterleavingViolation>): Promise<void> {
  const text = schedule.join(", ");
  const note = (broken: readonly Broken[]): void => {
    for (const each of broken) {
      const key = `${each.promise}: ${each.what}`;
      const known = found.get(key);
      if (!known || known.schedule.length > text.length) found.set(key, { ...each, schedule: text });
    }
  };
  if (stuck) return note([{ promise: "nobody waits for ever", what: "somebody was not answered" }]);
  const atOnce = await lookAround(world);
  note(brokenAtOnce(world, atOnce));
  const repeated = await repeatRefused(world);
  note(brokenInTheEnd(world, repeated ? await lookAround(world) : atOnce));
  world.onEnd();
}
