/**
 * The three ways to choose the next step of a run: all orders with sleep sets, any order by a seed, or the order of a
 * schedule that was told.
 */
import type { Random } from "../random.ts";
import { type Chooser, nameOf, type Option } from "./play.ts";
import { dependent, type Footprint } from "./step.ts";

/** A way that was gone, and what it touched; who is answered has ended a request, and whoever begins sees that. */
interface Way {
  readonly id: string;
  readonly actor: string;
  footprint: Footprint;
}

interface Fork {
  readonly ways: readonly Way[];
  /** Ways that lead to nothing but what was seen in another order of the same. */
  readonly asleep: readonly Way[];
  at: number;
}

/** Every order of steps that can make a difference, each once (sleep sets, P. Godefroid). */
export class EveryOrder implements Chooser {
  readonly #path: Fork[] = [];
  readonly #reduce: boolean;
  #depth = 0;

  /** @param reduce False for every order of all steps, also of those that do not meet. */
  constructor(reduce: boolean) {
    this.#reduce = reduce;
  }

  next(options: readonly Option[]): number | undefined {
    let fork = this.#path[this.#depth];
    if (!fork) {
      const ways = options.map(({ id, step, footprint }) => ({ id, actor: step.actor, footprint }));
      fork = { ways, asleep: this.#stillAsleep(), at: -1 };
      fork.at = nextAwake(fork);
      this.#path.push(fork);
    }
    if (fork.at >= fork.ways.length) return undefined;
    this.#depth += 1;
    return fork.at;
  }

  after(answered: boolean): void {
    const fork = this.#path[this.#depth - 1];
    const way = fork?.ways[fork.at];
    if (way && answered) way.footprint = { ...way.footprint, writes: [...way.footprint.writes, "clock"] };
  }

  /** Gets ready for the next run; false when there is none. */
  more(): boolean {
    this.#depth = 0;
    for (let fork = this.#path.at(-1); fork; fork = this.#path.at(-1)) {
      fork.at = nextAwake(fork);
      if (fork.at < fork.ways.length) return true;
      this.#path.pop();
    }
    return false;
  }

  #stillAsleep(): readonly Way[] {
    const parent = this.#path[this.#depth - 1];
    const gone = parent?.ways[parent.at];
    if (!this.#reduce || !parent || !gone) return [];
    const earlier = parent.ways.slice(0, parent.at).filter((way) => !isAsleep(parent, way));
    return [...parent.asleep, ...earlier].filter(
      (way) => way.actor !== gone.actor && !dependent(way.footprint, gone.footprint),
    );
  }
}

function isAsleep({ asleep }: Fork, way: Way): boolean {
  return asleep.some(({ id }) => id === way.id);
}

function nextAwake(fork: Fork): number {
  const next = fork.ways.findIndex((way, index) => index > fork.at && !isAsleep(fork, way));
  return next === -1 ? fork.ways.length : next;
}

/** Of so many steps one fails, where one may: more would spend every failure on the first calls. */
const STEPS_OF_A_FAILURE = 8;

/** Any order, by a seed. */
export class AnyOrder implements Chooser {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(options: readonly Option[]): number {
    const failing = options.filter(({ fate }) => fate !== "goes");
    const fails = failing.length > 0 && this.#random.below(STEPS_OF_A_FAILURE) === 0;
    return options.indexOf(this.#random.pick(fails ? failing : options.filter(({ fate }) => fate === "goes")));
  }

  after(): void {}
}

/** The order that a schedule says; what it does not say goes in the order of the names. */
export class ThisOrder implements Chooser {
  readonly #names: string[];

  constructor(schedule: string) {
    this.#names = schedule
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
  }

  next(options: readonly Option[]): number {
    const wanted = this.#names.shift();
    if (wanted === undefined) return 0;
    const index = options.findIndex((option) => nameOf(option) === wanted);
    if (index === -1) {
      const found = options.map(nameOf).join(", ");
      throw new RangeError(`the schedule goes on with ${JSON.stringify(wanted)}, and there is ${found}`);
    }
    return index;
  }

  after(): void {}
}
