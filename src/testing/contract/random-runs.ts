/**
 * Random calls, a few at once, whose answers some order of them on the reference model must explain. Which calls come
 * is decided in `random-calls.ts`.
 */
import type { SessionKey } from "../../record.ts";
import type { Store } from "../../stores/store.ts";
import { isScanStore, isSweepStore, isUserStore } from "../../stores/store.ts";
import { ContractViolation, same, show } from "../assert.ts";
import { seeded } from "../random.ts";
import type { Case, Group } from "./case.ts";
import type { Model, Operation, Outcome } from "./model.ts";
import { copyOf, emptyModel, epochOf, facts, keysIn, liveIn, play } from "./model.ts";
import { type Known, nextCall, perform, USERS } from "./random-calls.ts";
import type { Trial } from "./trial.ts";
import { keysOf, pages } from "./users.ts";

const BATCHES = 25;

/** One history under way. */
interface History extends Known {
  /** Keys of expired records that are there when another order than the model's was the real one. */
  ghosts: readonly SessionKey[];
}

/** Plays random calls, so many at once, until one answers what no order of them explains. */
async function playHistories(t: Trial, most: number, timed: boolean): Promise<void> {
  for (let index = 0; index < t.histories; index++) {
    const random = seeded(t.seed + index);
    const keys = Array.from({ length: 5 }, () => random.key());
    // Later than every instant of the runs before, which the store remembers and this model does not.
    const begun = t.now() + index * 20;
    const known = { t, random, keys, begun, versions: new Map(), epochs: new Map(), timed };
    const history: History = { ...known, model: emptyModel(), ghosts: [] };
    for (let batch = 0; batch < BATCHES; batch++) await playBatch(history, 1 + random.below(most));
    for (const key of keys) await t.store.delete(key);
    if (isSweepStore(t.store)) await t.store.deleteExpired();
  }
}

async function playBatch(history: History, size: number): Promise<void> {
  const { t, random } = history;
  if (history.timed) await t.pass(random.pick([0, 0, 10, 50, 100]));
  await learn(history);
  const calls: Operation[] = [];
  for (let index = 0; index < size; index++) calls.push(nextCall(history, calls));
  const outcomes = await Promise.all(calls.map((call, index) => perform(history, t.handle(index), call)));
  const before = copyOf(history.model);
  const observed = await observe(history);
  for (const exact of [true, false]) {
    const models = orders(calls.length).flatMap((order) => {
      const model = copyOf(before);
      const fits = order.every((at) =>
        explains(history, calls[at] as Operation, outcomes[at] as Outcome, model, exact),
      );
      return fits && same(observed, expected(history, model)) ? [model] : [];
    });
    const [model] = models;
    if (model === undefined) continue;
    history.model = model;
    history.ghosts = ghostsAfter(history, calls, models);
    return;
  }
  throw disagreement(history, before, calls, outcomes, observed);
}

/** Orders that fit answer alike and show alike, but may differ in what has expired and can only be counted. */
function ghostsAfter(history: History, calls: readonly Operation[], models: readonly Model[]): readonly SessionKey[] {
  const before = calls.some(({ verb }) => verb === "deleteExpired") ? [] : history.ghosts;
  const keys = new Set([...before, ...models.flatMap(({ records }) => [...records.keys()])]);
  return [...keys].filter((key) => !history.model.records.has(key));
}

/**
 * Whether the model, as the next step, answers the same. A store may collect what expired on other occasions
 * too, so when nothing explains the count exactly, fewer will do, or as many more as there may be ghosts; the model
 * then keeps what it would have removed.
 */
function explains({ t, ghosts }: History, call: Operation, outcome: Outcome, model: Model, exact: boolean): boolean {
  if (call.verb !== "deleteExpired") return same(play(model, call, t.now()), outcome);
  const answer = play(exact ? model : copyOf(model), call, t.now()) as number;
  return exact ? outcome === answer : (outcome as number) <= answer + ghosts.length;
}

/** Reads the versions and epochs that calls may present. */
async function learn({ t, model, keys, versions, epochs }: History): Promise<void> {
  for (const key of keys) {
    const found = await t.store.get(key);
    const known = liveIn(model, key, t.now());
    if (found && known) versions.set(known.version, found.version);
  }
  if (!isUserStore(t.store)) return;
  for (const userId of USERS) epochs.set(`${userId} ${epochOf(model, userId)}`, await t.store.epoch(userId));
}

/** What can be seen from outside: each key's record, each user's listing, and everybody's. */
async function observe({ t, keys }: History): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const key of keys) {
    const found = await t.store.get(key);
    seen.push(found && facts(found));
  }
  if (isUserStore(t.store)) for (const userId of USERS) seen.push(await keysOf(t.store, userId));
  if (isScanStore(t.store)) {
    const { store } = t;
    seen.push((await pages((page) => store.scan(page), 3)).map(({ key }) => key).sort());
  }
  return seen;
}

function expected({ t, keys }: History, model: Model): unknown[] {
  const now = t.now();
  const seen: unknown[] = keys.map((key) => {
    const live = liveIn(model, key, now);
    return live ? facts(live.record) : null;
  });
  if (isUserStore(t.store)) for (const userId of USERS) seen.push(keysIn(model, now, userId));
  if (isScanStore(t.store)) seen.push(keysIn(model, now).sort());
  return seen;
}

/** Every order of so many calls, the order of the calls first. */
function orders(length: number): number[][] {
  if (length === 1) return [[0]];
  return orders(length - 1).flatMap((order) =>
    Array.from({ length }, (_, at) => [
      ...order.slice(0, length - 1 - at),
      length - 1,
      ...order.slice(length - 1 - at),
    ]),
  );
}

function disagreement(
  history: History,
  before: Model,
  calls: readonly Operation[],
  outcomes: readonly Outcome[],
  observed: unknown[],
): ContractViolation {
  const model = copyOf(before);
  const answers = calls.map((call) => play(model, call, history.t.now()));
  const lines = calls.map((call, at) => {
    const { verb, ...rest } = call;
    return `  ${verb} ${show(rest)}\n    answered ${show(outcomes[at])}, the model in this order ${show(answers[at])}`;
  });
  const state = `  before: ${show([...before.records])}\n  after: ${show(observed)}`;
  const message = `no order of these calls explains what the store answered:\n${lines.join("\n")}\n${state}`;
  return new ContractViolation(message, { outcomes, observed }, { answers, observed: expected(history, model) });
}

const cases: readonly Case<Store>[] = [
  {
    name: "random calls, one at a time, answer what the reference model answers",
    needs: ["injected-clock", "compare-and-set"],
    run: (t) => playHistories(t, 1, true),
  },
  {
    name: "random calls, up to four at once, can be put in an order that explains them",
    needs: ["injected-clock", "compare-and-set"],
    run: (t) => playHistories(t, 4, true),
  },
  {
    name: "random calls, up to four at once and no time passing, can be put in an order that explains them",
    needs: ["compare-and-set"],
    run: (t) => playHistories(t, 4, false),
  },
];

export const histories: Group<Store> = { name: "histories", cases, acrossHandles: true };
