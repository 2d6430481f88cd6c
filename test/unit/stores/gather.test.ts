import { expect, test } from "vitest";
import { Gather } from "../../../src/stores/parts/batch.ts";

/** Doubles numbers; `asked` has what came together. */
function doubling(many?: (questions: readonly number[]) => Promise<(number | undefined)[]>) {
  const asked: (number | readonly number[])[] = [];
  const gather = new Gather<number, number>({
    async one(question) {
      asked.push(question);
      return question * 2;
    },
    async many(questions) {
      asked.push(questions);
      return many ? many(questions) : questions.map((question) => question * 2);
    },
    isOfOne: (error) => (error as Error).message === "of one",
  });
  return { gather, asked };
}

const ask = (gather: Gather<number, number>, ...questions: number[]) =>
  Promise.allSettled(questions.map((question) => gather.ask(question))).then((all) =>
    all.map((each) => (each.status === "fulfilled" ? each.value : each.reason)),
  );

test("what comes in one turn goes together, what comes alone goes alone", async () => {
  const { gather, asked } = doubling();
  expect(await ask(gather, 1, 2, 3)).toEqual([2, 4, 6]);
  expect(await ask(gather, 4)).toEqual([8]);
  expect(asked).toEqual([[1, 2, 3], 4]);
});

test("a statement has a bound", async () => {
  const { gather, asked } = doubling();
  const questions = Array.from({ length: 65 }, (_, index) => index);
  expect(await ask(gather, ...questions)).toEqual(questions.map((question) => question * 2));
  expect(asked.map((each) => (typeof each === "number" ? 1 : each.length))).toEqual([32, 32, 1]);
});

test("the bound is the backend's to choose", async () => {
  const sizes: number[] = [];
  const gather = new Gather<number, number>({
    most: 2,
    one: async (question) => question,
    async many(questions) {
      sizes.push(questions.length);
      return questions;
    },
  });
  expect(await ask(gather, 1, 2, 3, 4, 5)).toEqual([1, 2, 3, 4, 5]);
  expect(sizes).toEqual([2, 2]);
});

test("a question that is alone fails alone", async () => {
  const failure = new Error("lost");
  const gather = new Gather<number, number>({ one: () => Promise.reject(failure), many: async () => [] });
  expect(await ask(gather, 1)).toEqual([failure]);
});

test("what together gave no answer is asked alone", async () => {
  const { gather, asked } = doubling(async ([first = 0]) => [first, undefined]);
  expect(await ask(gather, 1, 2)).toEqual([1, 4]);
  expect(asked).toEqual([[1, 2], 2]);
});

test("a failure of one is not the others': all are asked alone", async () => {
  const { gather, asked } = doubling(() => Promise.reject(new Error("of one")));
  expect(await ask(gather, 1, 2)).toEqual([2, 4]);
  expect(asked).toEqual([[1, 2], 1, 2]);
});

test("any other failure is everybody's: nothing is asked twice", async () => {
  const failure = new Error("lost");
  const { gather, asked } = doubling(() => Promise.reject(failure));
  expect(await ask(gather, 1, 2)).toEqual([failure, failure]);
  expect(asked).toEqual([[1, 2]]);
});

test("flush() sends at once, and nothing twice", async () => {
  const { gather, asked } = doubling();
  const answers = ask(gather, 1, 2);
  gather.flush();
  expect(asked).toEqual([[1, 2]]);
  expect(await answers).toEqual([2, 4]);
  expect(await ask(gather, 3)).toEqual([6]);
  expect(asked).toEqual([[1, 2], 3]);
});
