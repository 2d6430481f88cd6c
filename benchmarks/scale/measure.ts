/** One store, in a process of its own: a small world and a large one side by side, asked the same in turn. */
import { answerQuestions } from "../child.ts";
import { measureExpiry, measureSweep } from "./cleaning.ts";
import { check, fill } from "./fill.ts";
import { type Growth, measureGrowth, measureWritten, OPERATIONS, type Operation } from "./operations.ts";
import { Population } from "./population.ts";
import type { Question, Result } from "./result.ts";
import { openSide, payload, SMALL } from "./side.ts";
import { SUBJECTS } from "./subjects.ts";
import { clock } from "./time.ts";
import { measureUser } from "./users.ts";

const progress = (text: string): void => void process.stderr.write(`  ${text}\n`);

async function measure(question: Question): Promise<Result> {
  const subject = SUBJECTS[question.store];
  if (!subject) throw new Error(`There is no store "${question.store}".`);
  const { calls, pace } = subject;
  const small = await openSide(subject);
  const large = await openSide(subject);
  try {
    const more = question.sessions - SMALL;
    const population = new Population("large", more, question.users, await payload(), clock());
    const fillSeconds = await fill(large.world, population, subject.filling);
    progress(`filled in ${fillSeconds.toFixed(0)} s`);
    const bytesEach = ((await large.world.bytes()) - large.empty) / question.sessions;
    await check(large.world, population);
    // With statistics in both, or a planner judges one of them by what it knows and the other by a guess.
    if (small.world.insert) await small.world.settle?.();
    const { width } = subject;
    const keys = (each: number): string[][] =>
      Array.from({ length: width }, (_, lane) =>
        population.living(each, lane, width).map((index) => population.key(index)),
      );
    const sides = [small, { ...large, keys }] as const;
    const operations = {} as Record<Operation, Growth>;
    for (const operation of OPERATIONS) {
      operations[operation] = await measureGrowth(sides, operation, question.rounds, calls);
      progress(`${operation} measured`);
    }
    const user = await measureUser(small.world, large.world, population, question.rounds);
    const sweep = await measureSweep(large.world, pace, population);
    const expiry = await measureExpiry(large.world, pace, population);
    const writtenEach = [await measureWritten(small), await measureWritten(sides[1])] as const;
    const direct = large.world.insert !== undefined;
    const { measured } = large.world;
    return { ...question, measured, bytesEach, writtenEach, fillSeconds, direct, operations, user, sweep, expiry };
  } finally {
    await Promise.all([small.world.close(), large.world.close()]);
  }
}

answerQuestions(measure);
