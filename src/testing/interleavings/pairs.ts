/**
 * The scheduler's deeds, and every two of them, by name: for suites that play them all.
 */
import { DEED_NAMES, type DeedName, deedOf } from "./deeds.ts";
import type { Scenario } from "./world.ts";

/**
 * The names of what `runInterleavings` can do at the same time.
 *
 * @example
 * ```ts
 * interleavingDeeds.includes("revokeOthers"); // → true
 * ```
 */
export const interleavingDeeds: readonly DeedName[] = DEED_NAMES;

/**
 * Every two deeds that there can be at once where this is the beginning, each pair once and each deed beside itself.
 *
 * @param begin.visitor Who browser X is: "ann" or "anonymous". What needs a user is left out for the latter.
 * @param begin.age With "rotated twice" the pairs with a replay, else those without.
 *
 * @example
 * ```ts
 * const pairs = interleavingPairs({ visitor: "ann", age: "fresh" });
 * pairs.length > 200; // → true
 * ```
 */
export function interleavingPairs({
  visitor,
  age,
}: Pick<Scenario, "visitor" | "age">): readonly (readonly [DeedName, DeedName])[] {
  const fits = (deed: DeedName): boolean => visitor === "ann" || deedOf(deed).needsUser !== true;
  return DEED_NAMES.flatMap((one, index) =>
    DEED_NAMES.slice(index).map((other): readonly [DeedName, DeedName] => [one, other]),
  ).filter((pair) => pair.every(fits) && pair.includes("replay") === (age === "rotated twice"));
}
