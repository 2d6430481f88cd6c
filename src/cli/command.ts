/** Where a command writes, and what it reads. Given by main.ts; tests give their own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** All of the standard input. */
  input(): string;
  /** The next line of the standard input, without its end: what somebody answers. Default: nobody does. */
  line?(): string;
}

/** One verb of the command line. */
export interface Command {
  /** For the list in `sojourn --help`: one line, no full stop. */
  readonly summary: string;
  /** What `sojourn <verb> --help` prints. */
  readonly usage: string;
  /** Answers with the exit code: 0, or 1 where the command could not do it. Throws UsageError for 2. */
  run(args: readonly string[], terminal: Terminal): number | Promise<number>;
}

/** The command was called in a way that it does not know: exit code 2 and a pointer to its help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
