import { freshSeed } from "../../src/testing/random.ts";

const given = process.env.SEED ?? "1";

/**
 * What every random test begins with. The same in every run, so that a run fails for what was changed and not for a rare find:
 * those are looked for on purpose, with `SEED=random`. `SEED=<number>` repeats one. Of 31 bits, for
 * fast-check would turn a larger one into another.
 */
export const SEED: number = given === "random" ? freshSeed() >>> 1 : Number(given);
if (!Number.isSafeInteger(SEED)) throw new RangeError(`SEED is a whole number or "random", not "${given}"`);

/** Ends the message of a failure. */
export const REPEAT: string = `To repeat it: SEED=${SEED}`;

/** Runs it. When it fails, the message says how to repeat it. */
export async function repeatably(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (error instanceof Error) error.message += `\n${REPEAT}`;
    throw error;
  }
}
