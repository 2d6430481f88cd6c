/** What the parent asks a store's process, and what it is told. */
import type { Growth, Operation } from "./operations.ts";
import type { Stalls } from "./stalls.ts";
import type { UserFigures } from "./users.ts";

export interface Question {
  readonly store: string;
  readonly sessions: number;
  readonly users: number;
  readonly rounds: number;
}

export interface Result extends Question {
  readonly measured: string;
  readonly bytesEach: number;
  /** Bytes of log or file for one update: of few sessions again and again, and of many after a checkpoint. NaN where none is written. */
  readonly writtenEach: readonly [least: number, most: number];
  readonly fillSeconds: number;
  readonly direct: boolean;
  readonly operations: Readonly<Record<Operation, Growth>>;
  readonly user: UserFigures | undefined;
  readonly sweep: Stalls | undefined;
  readonly expiry: Stalls | undefined;
}
