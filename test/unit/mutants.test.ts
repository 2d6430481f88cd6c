/** The mutants of `npm run mutation`. */
import { expect, test } from "vitest";
import { mutantsOf } from "../../scripts/mutants.ts";

const changes = (source: string): string[] => mutantsOf(source).map(({ line, from, to }) => `${line}: ${from} → ${to}`);

test("change operators, conditions, literals and calls, one at a time, with their line", () => {
  const source =
    'export function f(a?: number): string {\n  if (a! < 2 && !b) go("x");\n  return Math.max(1, a as number) ? "y" : f();\n}';
  expect(changes(source)).toEqual([
    "2: a! < 2 && !b → true",
    "2: a! < 2 && !b → false",
    "2: < → <=",
    "2: < → >=",
    "2: 2 → 3",
    "2: && → ||",
    "2: ! → ",
    '2: go("x"); → ;',
    '2: "x" → ""',
    "3: Math.max(1, a as number) → true",
    "3: Math.max(1, a as number) → false",
    "3: max → min",
    "3: 1 → 2",
    '3: "y" → ""',
  ]);
  expect(mutantsOf(source)[5]?.text).toContain("if (a! < 2 || !b)");
});

test("leave types, imports and messages alone", () => {
  const source =
    'import a from "a";\nexport type B = "x" | 1;\nexport { a };\nconst c: B = d as "y";\nthrow new Error("a message for people");';
  expect(changes(source)).toEqual([]);
});
