/** Which tests are asked about a mutant, and in which order. */
import type { Numbered } from "./instrument.ts";
import type { Orders, Seen } from "./setup.ts";

interface Seer {
  readonly file: string;
  readonly tests: Set<string>;
  milliseconds: number;
}

export interface Question {
  readonly files: readonly string[];
  readonly only: Orders["only"];
}

/** Of the scenarios that come by, the quickest are asked, for so long in all; `deep` asks the others. */
const QUICK_MS = 20_000;

export class Plan {
  readonly #seen: readonly Seen[];
  /** How many mutants of a source each test file has killed: who killed one is asked first about the next. */
  readonly #kills = new Map<string, number>();

  constructor(seen: readonly Seen[]) {
    this.#seen = seen;
  }

  killed(source: string, testFile: string): void {
    const name = `${source} ${testFile}`;
    this.#kills.set(name, (this.#kills.get(name) ?? 0) + 1);
  }

  /**
   * The tests that come by it. What is computed while a module loads is seen by whoever loads it first, and may matter
   * to all who come by anything of the file.
   *
   * @param ids Of all mutants of the file.
   */
  about({ id }: Numbered, source: string, ids: readonly number[], deep = false): Question {
    const atLoad = this.#seen.some(({ test, mutants }) => test === null && mutants.includes(id));
    const asks = new Set(atLoad ? ids : [id]);
    const seers = new Map<string, Seer>();
    for (const { file, test, milliseconds, mutants } of this.#seen) {
      if (test === null || !mutants.some((one) => asks.has(one))) continue;
      const seer = seers.get(file) ?? { file, tests: new Set(), milliseconds: 0 };
      seer.tests.add(test);
      seer.milliseconds += milliseconds;
      seers.set(file, seer);
    }
    const kills = (file: string): number => this.#kills.get(`${source} ${file}`) ?? 0;
    const ordered = [...seers.values()].toSorted(
      (one, other) => kills(other.file) - kills(one.file) || one.milliseconds - other.milliseconds,
    );
    let spent = 0;
    const asked = ordered.filter(({ file, milliseconds }) => {
      if (!file.includes("/unit/")) spent += milliseconds;
      return deep || file.includes("/unit/") || spent <= QUICK_MS;
    });
    return {
      files: asked.map(({ file }) => file),
      only: Object.fromEntries(asked.map(({ file, tests }) => [file, [...tests]])),
    };
  }
}
