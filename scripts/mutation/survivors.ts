/**
 * The mutants that no test can or should notice, each with the reason. The script prints the reason beside the mutant; a
 * test checks that each entry still names a mutant of today's source.
 */
export interface Survivor {
  readonly file: string;
  /** The line, without its indentation. */
  readonly code: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export const SURVIVORS: readonly Survivor[] = [];
