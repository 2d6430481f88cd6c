/** How often a race between processes is run: a few times with the tests, many times in a soak. */
import { seeded } from "../../../src/testing/random.ts";
import { SEED } from "../seed.ts";

export interface Rounds {
  readonly count: number;
}

const given = Number(process.env.SOJOURN_ROUNDS);

/** A few, or as many as the environment says in `SOJOURN_ROUNDS`. */
export const ROUNDS: Rounds = { count: Number.isSafeInteger(given) && given > 0 ? given : 8 };

/** A number that repeats with the seed. */
export function random(round: number): number {
  return seeded(SEED + round).below(1_000);
}
