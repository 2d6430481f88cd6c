/** Counts what passed, failed and was skipped, over everything that `npm test` runs. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./run.ts";

interface Assertion {
  readonly fullName: string;
  readonly status: string;
}

/** The part of vitest's JSON report that is counted. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** One line for each thing that failed: a test by its name, a step with its exit code. */
  readonly failures: string[] = [];
  /** One line for each thing that was skipped, and why. */
  readonly skips: string[] = [];

  fail(what: string, count = 1): void {
    this.failed += count;
    this.failures.push(what);
  }

  skip(what: string, count = 1): void {
    this.skipped += count;
    this.skips.push(what);
  }

  /** Adds a report of vitest's; false when there is none, because vitest did not get that far. */
  addVitest(path: string): boolean {
    const report = readReport(path);
    for (const { name, status, assertionResults } of report?.testResults ?? []) {
      const file = relative(root, name);
      const of = (...wanted: string[]): readonly Assertion[] =>
        assertionResults.filter((one) => wanted.includes(one.status));
      this.passed += of("passed").length;
      for (const test of of("failed")) this.fail(`${file}: ${test.fullName}`);
      for (const test of of("skipped", "pending", "todo")) this.skip(`${file}: ${test.fullName}`);
      // A file that does not load has no tests to report, and one may fail outside of its tests.
      if (status === "failed" && of("failed").length === 0) this.fail(file);
    }
    return report !== undefined;
  }

  /** The closing line, alone on its line. */
  toString(): string {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}

function readReport(path: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
}
