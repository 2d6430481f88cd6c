/**
 * One run from its first step to its last: a chooser decides who goes on, and what was refused comes again when all is
 * quiet.
 */
import type { AllSessions } from "../../index.ts";
import { type Base, blank, makeWorld } from "./base.ts";
import { perform } from "./deeds.ts";
import type { Fate, Footprint, Step } from "./step.ts";
import type { Data, Outcome, World } from "./world.ts";

/** One way to go on from where all stand. */
export interface Option {
  /** Stays the same for as long as only others move. */
  readonly id: string;
  readonly step: Step;
  readonly fate: Fate;
  readonly footprint: Footprint;
}

/** Decides how it goes on. */
export interface Chooser {
  /** Which option; undefined gives the run up. */
  next(options: readonly Option[]): number | undefined;
  /** The step is done; somebody was answered by it, perhaps. */
  after(answered: boolean): void;
}

/** A run that came to its end. */
export interface Played {
  readonly world: World;
  /** What was let go, in order: "A.get". */
  readonly schedule: readonly string[];
  /** Somebody waits for ever. */
  readonly stuck: boolean;
}

/** What a step that fails before the store has seen it touches. */
const NOTHING: Footprint = { reads: [], writes: [] };

/** More steps than any run takes: a loop that never ends is told. */
const MOST_STEPS = 2_000;

/** How a schedule names a step. */
export function nameOf({ step, fate }: Option): string {
  return `${step.actor}.${step.name}${fate === "goes" ? "" : ` ${fate}`}`;
}

/** Plays the scenario once; undefined when the chooser gave it up. */
export async function play(
  base: Base,
  chooser: Chooser,
  options: { readonly deeds: readonly string[]; readonly answers: boolean; readonly failures: number },
): Promise<Played | undefined> {
  const world = await makeWorld(base, options.deeds, options.answers);
  const { stage, outcomes, clock } = world;
  const deeds = outcomes.map((outcome) => perform(world, outcome, sessionsOf(world, outcome)));
  const schedule: string[] = [];
  const counts = new Map<string, number>();
  const unanswered = (): number => outcomes.filter(({ answeredAt }) => answeredAt === 0).length;
  await stage.settle();
  while (stage.held.length > 0 && schedule.length < MOST_STEPS) {
    const ways = waysOn(world, options.failures, counts);
    const chosen = chooser.next(ways);
    const way = chosen === undefined ? undefined : ways[chosen];
    if (!way) {
      stage.openUp("fails");
      await Promise.all(deeds);
      world.onEnd();
      return undefined;
    }
    clock.advance(1);
    const { actor } = way.step;
    world.steps += 1;
    world.moving = actor;
    if (way.fate !== "goes") world.failures += 1;
    counts.set(actor, (counts.get(actor) ?? 0) + 1);
    schedule.push(nameOf(way));
    const before = unanswered();
    way.step.go(way.fate);
    await stage.settle();
    chooser.after(unanswered() < before);
  }
  const stuck = unanswered() > 0;
  stage.openUp();
  if (!stuck) await Promise.all(deeds);
  return { world, schedule, stuck };
}

function sessionsOf(world: World, { actor }: Outcome): AllSessions<Data> {
  return world.sessions.get(actor) as AllSessions<Data>;
}

function waysOn(world: World, failures: number, counts: ReadonlyMap<string, number>): Option[] {
  const seen = new Map<string, number>();
  return world.stage.held.flatMap((step) => {
    const { actor, footprint, canFail } = step;
    const among = seen.get(actor) ?? 0;
    seen.set(actor, among + 1);
    const fates: Fate[] = canFail && world.failures < failures ? ["goes", "fails", "answer lost"] : ["goes"];
    return fates.map((fate) => ({
      id: `${actor}${counts.get(actor) ?? 0}.${among}.${fate}`,
      step,
      fate,
      footprint: fate === "fails" ? NOTHING : footprint,
    }));
  });
}

/** A request that was told to come again comes again, once, when all is quiet. False when there was none. */
export async function repeatRefused(world: World): Promise<boolean> {
  const before = world.outcomes.length;
  for (const outcome of [...world.outcomes]) {
    if (outcome.status !== 503 && outcome.status !== 409) continue;
    const again = { ...blank(outcome.actor, outcome.deed), firstStartedAt: outcome.firstStartedAt };
    world.clock.advance(1);
    world.steps += 1;
    await perform(world, again, sessionsOf(world, outcome));
    world.outcomes.push(again);
  }
  return world.outcomes.length > before;
}
