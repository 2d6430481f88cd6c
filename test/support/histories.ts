/** Random histories of correct sessions, told one step at a time, and of sessions that are wrong in one answer. */
import type { HistoryAnswer, HistoryCall, HistoryEvent, HistoryValue } from "../../src/testing/history/event.ts";
import type { Random } from "../../src/testing/random.ts";

export interface Wishes {
  readonly calls: number;
  readonly clients: number;
  readonly keys: number;
  /** The share of calls whose answer is lost, of those that happened as of those that did not. */
  readonly lost: number;
  readonly writes: "compare-and-set" | "increment" | "any";
}

interface Running {
  readonly id: string;
  readonly client: string;
  readonly call: HistoryCall;
  state: "called" | "begun" | "done";
  answer: HistoryAnswer;
  lost: boolean;
  epoch: number | undefined;
}

/** Sessions and their users with no concurrency: what every history is told from. */
class Truth {
  readonly values = new Map<string, HistoryValue>();
  readonly dead = new Set<string>();
  readonly owners = new Map<string, string>();
  epochs = 0;

  do(call: HistoryCall): HistoryAnswer {
    switch (call.op) {
      case "create":
      case "login":
        if (this.values.has(call.key) || this.dead.has(call.key)) return { value: false };
        this.values.set(call.key, call.value ?? true);
        return { value: true };
      case "revokeUser":
      case "revokeAll":
        this.epochs += 1;
        for (const key of [...this.values.keys()]) {
          const mine = call.op === "revokeAll" || (this.owners.get(key) === call.user && call.except !== key);
          if (mine) this.#end(key);
        }
        return {};
      default:
        return this.#doOne(call, this.values.get(call.key));
    }
  }

  #doOne(
    call: Exclude<HistoryCall, { op: "create" | "login" | "revokeUser" | "revokeAll" }>,
    held: HistoryValue | undefined,
  ): HistoryAnswer {
    switch (call.op) {
      case "read":
        return { value: held ?? null };
      case "valid":
        return { value: held !== undefined };
      case "delete":
        this.#end(call.key);
        return { value: held !== undefined };
      case "write":
        if (held !== undefined) this.values.set(call.key, call.value);
        return { value: held !== undefined };
      case "increment": {
        if (typeof held !== "number") return { value: null };
        this.values.set(call.key, held + (call.by ?? 1));
        return { value: held + (call.by ?? 1) };
      }
      case "compareAndSet":
        if (held === undefined) return { value: "gone" };
        if (held !== call.expected) return { value: "conflict", current: held };
        this.values.set(call.key, call.value);
        return { value: "ok" };
    }
  }

  #end(key: string): void {
    if (this.values.delete(key)) this.dead.add(key);
  }
}

/** A history as correct sessions give it. Each call happens at one instant between its two events, or after them where its answer was lost. */
export function correctHistory(random: Random, wishes: Wishes): HistoryEvent[] {
  const truth = new Truth();
  const events: HistoryEvent[] = [];
  const busy = new Map<string, Running>();
  const late: Running[] = [];
  const known = new Map<string, HistoryValue>();
  let time = 0;
  let calls = 0;
  const log = (event: object): void => {
    time += 1;
    events.push({ ...event, time } as HistoryEvent);
  };
  const happen = (running: Running): void => {
    if (running.call.op === "login" && running.epoch === undefined) running.epoch = truth.epochs;
    if (running.call.op === "login" && running.epoch !== truth.epochs) running.answer = { value: "refused" };
    else running.answer = truth.do(running.call);
    const key = "key" in running.call ? running.call.key : "";
    const { value, current } = running.answer;
    if (running.call.op === "read" && value !== null && value !== undefined) known.set(key, value);
    if (current !== undefined) known.set(key, current);
    running.state = "done";
  };
  while (calls < wishes.calls || busy.size > 0) {
    const client = `c${random.below(wishes.clients)}`;
    const running = busy.get(client);
    if (late.length > 0 && random.chance(0.1)) {
      const [lost] = late.splice(random.below(late.length), 1);
      if (lost) happen(lost);
    }
    if (!running) {
      if (calls >= wishes.calls) continue;
      calls += 1;
      const call = nextCall(random, wishes, calls, known, truth);
      const started: Running = {
        id: `${client}:${calls}`,
        client,
        call,
        state: "called",
        answer: {},
        lost: random.chance(wishes.lost),
        epoch: undefined,
      };
      log({ type: "invoke", id: started.id, client, ...call });
      busy.set(client, started);
    } else if (running.state === "called" && running.call.op === "login" && random.chance(0.5)) {
      running.state = "begun";
      running.epoch = truth.epochs;
      log({ type: "begun", id: running.id, client });
    } else if (running.state !== "done" && !(running.lost && random.chance(0.5))) happen(running);
    else {
      busy.delete(client);
      if (running.lost) {
        if (running.state !== "done") late.push(running);
        log({ type: "unknown", id: running.id, client });
      } else if (running.answer.value === "refused") log({ type: "fail", id: running.id, client });
      else log({ type: "ok", id: running.id, client, ...running.answer });
    }
  }
  return events;
}

function nextCall(
  random: Random,
  { keys, writes }: Wishes,
  number: number,
  known: ReadonlyMap<string, HistoryValue>,
  truth: Truth,
): HistoryCall {
  const key = `s${random.below(keys)}`;
  const user = `u${Number(key.slice(1)) % 2}`;
  if (!truth.owners.has(key)) {
    truth.owners.set(key, user);
    const value = writes === "increment" ? 0 : `v${number}`;
    return random.chance(0.5) ? { op: "create", key, user, value } : { op: "login", key, user, value };
  }
  const chance = random.below(100);
  if (chance < 3) return { op: "delete", key };
  if (chance < 5) return { op: "revokeUser", user, except: random.chance(0.3) ? `s${random.below(keys)}` : undefined };
  if (chance < 6) return { op: "revokeAll" };
  if (chance < 20) return { op: "valid", key };
  if (chance < 50) return { op: "read", key };
  if (writes === "increment") return { op: "increment", key };
  if (writes === "any" && chance < 65) return { op: "write", key, value: `v${number}` };
  return { op: "compareAndSet", key, expected: known.get(key) ?? "v1", value: `v${number}` };
}

/** The same history with one answer that was not given; undefined where there is nothing to change. */
export function spoiled(random: Random, events: readonly HistoryEvent[]): HistoryEvent[] | undefined {
  const calls = new Map(events.flatMap((event) => (event.type === "invoke" ? [[event.id, event] as const] : [])));
  const answers = events.filter((event) => event.type === "ok" && event.value !== undefined);
  if (answers.length === 0) return undefined;
  const target = random.pick(answers);
  const call = calls.get(target.id);
  if (target.type !== "ok" || call === undefined) return undefined;
  const wrong = otherAnswer(random, call, target, events);
  return wrong && events.map((event) => (event === target ? { ...target, current: undefined, ...wrong } : event));
}

function otherAnswer(
  random: Random,
  call: HistoryCall,
  { value }: HistoryAnswer,
  events: readonly HistoryEvent[],
): HistoryAnswer | undefined {
  if (call.op === "read") {
    const seen = events.flatMap((event) =>
      event.type === "invoke" && "value" in event && event.key === call.key && event.value !== undefined
        ? [event.value]
        : [],
    );
    const others: (HistoryValue | null)[] = [null, ...seen].filter((other) => other !== value);
    if (typeof value === "number") others.push(value + 1, value - 1);
    return others.length === 0 ? undefined : { value: random.pick(others) };
  }
  if (call.op === "compareAndSet") {
    const others = ["ok", "conflict", "gone"].filter((other) => other !== value);
    return { value: random.pick(others) };
  }
  if (call.op === "increment") return { value: typeof value === "number" ? value + random.pick([-1, 1]) : 1 };
  return typeof value === "boolean" ? { value: !value } : undefined;
}
