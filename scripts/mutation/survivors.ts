/**
 * The mutants that no test can or should notice, each with the reason. The script prints the reason beside the mutant;
 * a test checks that each entry still names a mutant of today's source.
 */
export interface Survivor {
  readonly file: string;
  /** The line, without its indentation. */
  readonly code: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

const NOBODYS_PROMISE = "a bound of memory: one more or one less is nobody's promise";
const ONLY_SLOWER = "a short cut: the longer way answers the same, and takes longer";

export const SURVIVORS: readonly Survivor[] = [
  {
    file: "src/request/prove.ts",
    code: "if (transports.length > 1 || signsLinks(transport)) return proveAny(context, source);",
    from: "transports.length > 1 || signsLinks(transport)",
    to: "true",
    reason: ONLY_SLOWER,
  },
  {
    file: "src/token/verify.ts",
    code: "const MOST_VALUES = 1_000;",
    from: "1_000",
    to: "1001",
    reason: NOBODYS_PROMISE,
  },
  {
    file: "src/session/verb-queue.ts",
    code: "const PATIENCE_MS = 5_000;",
    from: "5_000",
    to: "5001",
    reason: "a wait that no test should measure to the millisecond",
  },
  {
    file: "src/request/update-record.ts",
    code: 'if (context.carries !== "data" || plan.changed === undefined) return write(session, plan, start, undefined);',
    from: 'context.carries !== "data" || plan.changed === undefined',
    to: "false",
    reason: ONLY_SLOWER,
  },
];
