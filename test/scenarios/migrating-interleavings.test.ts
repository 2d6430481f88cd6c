/** Every place between two calls of a process that migrates, and what another does just then. */
import { describe, expect, it } from "vitest";
import { fc } from "../support/fast-check.ts";
import {
  act,
  dying,
  ENDING,
  KEY,
  type Kind,
  makeWorld,
  type Outcome,
  Pace,
  Stop,
  USER,
  VERBS_ALL,
  type Verb,
  type World,
} from "../support/migration.ts";

const KINDS: readonly Kind[] = ["moving", "staying"];

/** A process and what it does. Who moves nothing cannot migrate. */
type Deed = readonly [kind: Kind, verb: Verb];
const DEEDS: readonly Deed[] = KINDS.flatMap((kind) => VERBS_ALL.map((verb): Deed => [kind, verb])).filter(
  ([kind, verb]) => kind === "moving" || verb !== "migrate",
);
const named = DEEDS.map((deed) => [deed.join(" "), deed] as const);

/** Whatever was done, in whatever order: what is to be seen afterwards, by everybody, and when all is moved. */
async function check(
  world: World,
  deeds: readonly Deed[],
  outcomes: readonly Outcome[],
  exactly = true,
): Promise<void> {
  const wasEnded = deeds.some(([, verb]) => ENDING.has(verb));
  const ended = outcomes.filter((outcome) => outcome.ended).length;
  if (wasEnded) expect(exactly ? ended : Math.min(ended, 1), "calls that say that they ended it").toBe(1);
  for (const kind of KINDS) await checkView(world, kind, wasEnded, outcomes);
  const mover = world.open("moving");
  let done = false;
  for (let turn = 0; turn < 3 && !done; turn++) for await (const progress of mover.migrate()) done = progress.done;
  expect(done, "the old store is empty").toBe(true);
  await checkView(world, "moving", wasEnded, outcomes);
  const bare = await world.to.get(KEY);
  expect(bare === null, "the new store, used by itself, has ended it too").toBe(wasEnded);
  expect(bare?.payload.startsWith("~") ?? false, "the new store holds a plain record").toBe(false);
}

async function checkView(world: World, kind: Kind, wasEnded: boolean, outcomes: readonly Outcome[]): Promise<void> {
  const store = world.open(kind);
  const listed = (await store.list(USER)).items.filter(({ key }) => key === KEY);
  const scanned = (await store.scan()).items.filter(({ key }) => key === KEY);
  const found = await store.get(KEY);
  expect([found !== null, listed.length, scanned.length], `what a ${kind} process sees`).toEqual(
    wasEnded ? [false, 0, 0] : [true, 1, 1],
  );
  if (!found) return;
  const writes = outcomes.flatMap(({ wrote }) => wrote ?? []);
  if (writes.length === 0) expect(found.payload).toBe("0");
  else expect(writes, "no write was lost").toContain(found.payload);
  for (const { touched = 0 } of writes.length === 0 ? outcomes : []) {
    expect(found.expiresAt, "no touch was lost").toBeGreaterThanOrEqual(touched);
  }
  for (const { status } of outcomes) expect(status === "gone" || status === "null", "nobody saw it gone").toBe(false);
}

describe.each(named)("a %s process", (_name, first) => {
  it.each(named)("and, at every step of it, a %s process", async (_, second) => {
    for (let at = 1; ; at++) {
      const world = makeWorld();
      await world.plant();
      const stop = new Stop(at);
      const one = act(world, world.open(first[0], stop.onCall), first[1]);
      await Promise.race([stop.reached, one]);
      const two = await act(world, world.open(second[0]), second[1]);
      stop.go();
      await check(world, [first, second], [await one, two]);
      if (stop.calls < at) break;
    }
  });

  it("that dies at any step loses nothing, and what then ends the session ends it", async () => {
    for (const when of ["before", "after"] as const) {
      for (let at = 1, more = true; more; at++) {
        for (const kind of KINDS) {
          const world = makeWorld();
          await world.plant();
          const death = dying(at, when);
          const dead = await act(world, world.open(first[0], death.onCall), first[1]).catch(() => undefined);
          more = death.died();
          const found = await world.open(kind).get(KEY);
          // A logout that failed half way may have been one, but a session never comes back.
          if (!ENDING.has(first[1])) expect(found, `after ${when} call ${at}`).not.toBeNull();
          if (found === null) expect(dead?.ended ?? true).toBe(true);
          if (found !== null && kind === "moving") {
            // What the dead one left behind does not keep the old store from being done with.
            const steps = [];
            for await (const step of world.open("moving").migrate()) steps.push(step);
            if (!ENDING.has(first[1])) expect(steps.at(-1), `after ${when} call ${at}`).toMatchObject({ done: true });
          }
          const end = await act(world, world.open(kind), "delete");
          expect(end.ended).toBe(found !== null);
          world.clock.advance(61_000);
          const deeds: readonly Deed[] = [[kind, "delete"]];
          await check(world, deeds, [{ ended: true }]);
        }
      }
    }
  });
});

const PAIRS: readonly (readonly [Deed, Deed])[] = [
  [
    ["moving", "get"],
    ["moving", "get"],
  ],
  [
    ["moving", "get"],
    ["moving", "delete"],
  ],
  [
    ["moving", "get"],
    ["staying", "delete"],
  ],
  [
    ["moving", "get"],
    ["staying", "touch"],
  ],
  [
    ["moving", "get"],
    ["staying", "update"],
  ],
  [
    ["moving", "get"],
    ["moving", "deleteAll"],
  ],
  [
    ["moving", "update"],
    ["staying", "delete"],
  ],
];
const THIRDS: readonly Deed[] = [
  ["moving", "delete"],
  ["staying", "touch"],
  ["moving", "deleteAll"],
];

describe.each(PAIRS.map((pair) => [pair.map((deed) => deed.join(" ")).join(" and a "), pair] as const))(
  "a %s process, each stopped at every step,",
  (_name, [first, second]) => {
    it.each(THIRDS.map((deed) => [deed.join(" "), deed] as const))("and a %s process in between", async (_, third) => {
      for (let at = 1, more = true; more; at++) {
        for (let then = 1, evenMore = true; evenMore; then++) {
          const world = makeWorld();
          await world.plant();
          const [one, two] = [new Stop(at), new Stop(then)];
          const early = act(world, world.open(first[0], one.onCall), first[1]);
          await Promise.race([one.reached, early]);
          const late = act(world, world.open(second[0], two.onCall), second[1]);
          await Promise.race([two.reached, late]);
          const between = await act(world, world.open(third[0]), third[1]);
          one.go();
          const outcome = await early;
          two.go();
          await check(world, [first, second, third], [outcome, await late, between], false);
          more = one.calls >= at;
          evenMore = two.calls >= then;
        }
      }
    });
  },
);

const TURNS: readonly (readonly [Deed, Deed])[] = [
  [
    ["moving", "get"],
    ["moving", "get"],
  ],
  [
    ["moving", "get"],
    ["staying", "get"],
  ],
  [
    ["moving", "get"],
    ["staying", "delete"],
  ],
];

it.each(TURNS.map((pair) => [pair.map((deed) => deed.join(" ")).join(" and a "), pair] as const))(
  "a %s process, which take turns",
  async (_name, [first, second]) => {
    for (let a = 1, more = true; more; a++) {
      for (let b = 1, some = true; some; b++) {
        for (const c of [1, 2]) {
          const world = makeWorld();
          await world.plant();
          const [one, two] = [new Pace(), new Pace()];
          const early = act(world, world.open(first[0], one.onCall), first[1]);
          await one.give(a, early);
          more = one.stood;
          const late = act(world, world.open(second[0], two.onCall), second[1]);
          await two.give(b, late);
          some = two.stood;
          await one.give(c, early);
          await two.give(Number.POSITIVE_INFINITY, late);
          await one.give(Number.POSITIVE_INFINITY, early);
          await check(world, [first, second], [await early, await late]);
        }
      }
    }
  },
);

it("any processes, in any order of their calls", async () => {
  const deeds = fc.array(fc.constantFrom(...DEEDS), { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), deeds, async (scheduler, done) => {
      const world = makeWorld();
      await world.plant();
      const outcomes = Promise.all(
        done.map(([kind, verb], index) => {
          const onCall = (name: string, when: string) =>
            scheduler.schedule(Promise.resolve(), `${index} ${kind} ${verb}: ${when} ${name}`);
          return act(world, world.open(kind, onCall), verb);
        }),
      );
      await scheduler.waitFor(outcomes);
      await check(world, done, await outcomes, false);
    }),
    { numRuns: 200 },
  );
});

describe("a program that uses the old store by itself, against the rules", () => {
  it("cannot undo a move, nor be lost by one, with a write from before it", async () => {
    for (let at = 1; ; at++) {
      const world = makeWorld();
      await world.plant();
      const read = await world.from.get(KEY);
      const stop = new Stop(at);
      const mover = world.open("moving", stop.onCall).get(KEY);
      await Promise.race([stop.reached, mover]);
      const times = { createdAt: world.clock(), seenAt: world.clock(), expiresAt: world.clock() + 3_600_000 };
      const { status } = await world.from.update(KEY, { payload: "old", userId: USER, ...times }, read?.version ?? 0);
      stop.go();
      await mover;
      const found = await world.open("moving").get(KEY);
      expect(found?.payload, `an update that was ${status} before call ${at}`).toBe(status === "ok" ? "old" : "0");
      if (stop.calls < at) break;
    }
  });

  it("ends a session that has not moved, whatever a mover is about to do", async () => {
    for (let at = 1; ; at++) {
      const world = makeWorld();
      await world.plant();
      const stop = new Stop(at);
      const mover = world.open("moving", stop.onCall).get(KEY);
      await Promise.race([stop.reached, mover]);
      const before = await world.from.get(KEY);
      const isThere = before?.payload === "0";
      if (isThere) await world.from.delete(KEY);
      stop.go();
      await mover;
      if (isThere) expect(await world.open("moving").get(KEY), `a logout before call ${at}`).toBeNull();
      if (stop.calls < at) break;
    }
  });
});
