/** The mutants of `npm run mutation`. */
import { readFileSync } from "node:fs";
import { transformWithOxc } from "vite";
import { afterEach, expect, test } from "vitest";
import { BY_HAND, byHand } from "../../scripts/mutation/by-hand.ts";
import { instrumented } from "../../scripts/mutation/instrument.ts";
import { mutantsOf } from "../../scripts/mutation/mutants.ts";
import { Plan } from "../../scripts/mutation/plan.ts";
import { SURVIVORS } from "../../scripts/mutation/survivors.ts";

const changes = (source: string): string[] => mutantsOf(source).map(({ line, from, to }) => `${line}: ${from} → ${to}`);

const asked = globalThis as { sojournMutant?: ((id: number) => boolean) | undefined };

afterEach(() => {
  asked.sojournMutant = undefined;
});

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
  expect(mutantsOf(source)[5]?.text).toBe("(a! < 2) || (!b)");
});

test("leave types, imports, names and messages alone", () => {
  const source =
    '"use x";\nimport a from "a";\nexport type B = "x" | 1;\nexport { a };\nconst c: B = d as "y";\nconst e = { "f-g": c.toString() };\nthrow new Error("a message for people");';
  expect(changes(source)).toEqual([]);
});

const SOURCE = `
  const seen = [];
  const list = { base: 1, some(test) { return [this.base].some(test); } };
  if (n > 1 || n === 0) seen.push("a"); else seen.push("b");
  const cut = list?.inner?.some((one) => one === 1).valueOf();
  return [n ?? 0, cut, list.some((one) => one === n) ? "yes" : "no", ...seen].join(" ");
`;

const js = async (source: string): Promise<string> =>
  (await transformWithOxc(`function f(n) {${source}}`, "f.ts")).code;

const play = (code: string): readonly string[] => {
  const f = new Function(`${code}; return f;`)() as (n: unknown) => string;
  return [0, 1, 2, null].map((n) => {
    try {
      return f(n);
    } catch (error) {
      return String(error);
    }
  });
};

test("stand in one source together, and the one that is active makes what its own change makes", async () => {
  const mutants = mutantsOf(`function f(n) {${SOURCE}}`);
  const source = `function f(n) {${SOURCE}}`;
  const all = (
    await transformWithOxc(
      instrumented(
        source,
        mutants.map((mutant, id) => ({ id, mutant })),
      ),
      "f.ts",
    )
  ).code;
  expect(play(all)).toEqual(play(await js(SOURCE)));
  expect(mutants.length).toBeGreaterThan(20);
  for (const [active, { place, text, from, to }] of mutants.entries()) {
    const alone = `${source.slice(0, place.start)}${text}${source.slice(place.end)}`;
    asked.sojournMutant = (id) => id === active;
    const expected = play((await transformWithOxc(alone, "f.ts")).code);
    expect(play(all), `${from} → ${to}`).toEqual(expected);
  }
});

test("ask only the tests that came by, who killed one of the file first, and about a constant all who came by its file", () => {
  const seen = (file: string, name: string | null, ...mutants: number[]) => ({
    file,
    test: name,
    milliseconds: 1,
    mutants,
  });
  const plan = new Plan([seen("a", null, 2), seen("a", "one", 1), seen("a", "two"), seen("b", "three", 1)]);
  const mutant = mutantsOf("a < b")[0];
  if (!mutant) throw new Error("no mutant");
  expect(plan.about({ id: 1, mutant }, "x.ts", [1, 2])).toEqual({
    files: ["a", "b"],
    only: { a: ["one"], b: ["three"] },
  });
  plan.killed("x.ts", "b");
  expect(plan.about({ id: 1, mutant }, "x.ts", [1, 2]).files).toEqual(["b", "a"]);
  expect(plan.about({ id: 1, mutant }, "y.ts", [1, 2]).files).toEqual(["a", "b"]);
  expect(plan.about({ id: 2, mutant }, "x.ts", [1, 2]).only).toEqual({ a: ["one"], b: ["three"] });
  expect(plan.about({ id: 3, mutant }, "x.ts", [1, 2]).files).toEqual([]);
});

test.each(SURVIVORS.map((survivor) => [`${survivor.file}: ${survivor.code}`, survivor] as const))(
  "may survive only where they still are: %s",
  (_name, { file, code, from, to, reason }) => {
    const mutants = mutantsOf(readFileSync(file, "utf8"));
    expect(mutants.filter((one) => one.code === code && one.from === from && one.to === to).length).toBeGreaterThan(0);
    expect(reason.length).toBeGreaterThan(20);
  },
);

test.each([...new Set(BY_HAND.map(({ file }) => file))])("made by hand are of today's source: %s", (file) => {
  const source = readFileSync(file, "utf8");
  const numbered = byHand(file, source).map((mutant, id) => ({ id, mutant }));
  expect(numbered.length).toBeGreaterThan(0);
  expect(instrumented(source, numbered)).toContain("sojournMutant");
});
