/**
 * The kinds of options: what a value must be, in words and as a test. `table.ts` says which option is of which kind.
 */
import type { Duration } from "../duration.ts";

/** What an option needs to have a meaning: nothing, a store, or a store with an index of users. */
export type Needs = "nothing" | "store" | "users";

/** What every option has, whatever its kind. */
export interface Option {
  readonly needs: Needs;
  /** What a value must be, for the message "expected …". */
  readonly expected: string;
  /** Whether a value that was given is of that kind. */
  fits(value: unknown): boolean;
  /** Whether sessions that exist are lost when the option gets another value. */
  readonly logsOut: boolean;
}

/** A time in milliseconds, or text such as "15m", between two bounds. */
export interface DurationOption extends Option {
  readonly kind: "duration";
  /** Undefined when the default depends on other options. */
  readonly default: Duration | undefined;
  readonly least: number;
  readonly most: number;
  /** No value makes sense below a minute, so that a smaller number was meant in seconds. */
  readonly coarse: boolean;
}

/** One of a few values, of which the first is the default, unless there is none. */
export interface ChoiceOption<Value> extends Option {
  readonly kind: "choice";
  readonly values: readonly Value[];
  readonly default: Value | undefined;
}

/** A whole number. */
export interface WholeOption extends Option {
  readonly kind: "whole";
  readonly least: number;
}

/** Anything else, judged by `fits` alone or by the part of the library that uses it. */
export interface ValueOption extends Option {
  readonly kind: "value";
}

/** The kind of option that fits the type of its value. The compiler holds the table to the types by it. */
export type OptionOf<Value> = [Duration] extends [Value]
  ? DurationOption
  : [Value] extends [number]
    ? WholeOption
    : [Value] extends [string | boolean]
      ? string extends Value
        ? ValueOption
        : ChoiceOption<Value>
      : ValueOption;

const COMMON = { needs: "nothing", logsOut: false } as const;

type Facts = { readonly needs?: Needs; readonly logsOut?: boolean };

interface DurationFacts extends Facts {
  readonly default?: Duration;
  readonly least?: number;
  readonly most?: number;
  readonly coarse?: boolean;
}

/** A duration. `fits` is left to `milliseconds`, which also says the bounds. */
export function duration(facts: DurationFacts): DurationOption {
  const { least = 1, most = Number.POSITIVE_INFINITY, coarse = false } = facts;
  const fits = (): boolean => true;
  return { ...COMMON, kind: "duration", expected: "", fits, default: undefined, ...facts, least, most, coarse };
}

/** One of the given values; the first is the default. */
export function choice<const Values extends readonly [unknown, ...unknown[]]>(
  values: Values,
  facts: Facts = {},
): ChoiceOption<Values[number]> {
  const fits = (value: unknown): boolean => values.includes(value);
  const expected = listed(values.map((each) => JSON.stringify(each)));
  return { ...COMMON, kind: "choice", expected, fits, values, default: values[0], ...facts };
}

/** A whole number that is not below the given one. */
export function whole(least: number, facts: Facts = {}): WholeOption {
  const fits = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= least;
  return { ...COMMON, kind: "whole", expected: `a whole number from ${least}`, fits, least, ...facts };
}

/** Any other value. Without a test it is judged where it is used. */
export function value(
  expected: string,
  fits: (value: unknown) => boolean = () => true,
  facts: Facts = {},
): ValueOption {
  return { ...COMMON, kind: "value", expected, fits, ...facts };
}

/** `a, b or c`. */
function listed(values: readonly string[]): string {
  return values.length < 2 ? values.join() : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
