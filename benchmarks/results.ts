/** Everything that one run has measured. Parts that did not run have left nothing. */
import type { Action } from "./application.ts";
import type { Delay } from "./delay.ts";
import type { Growth } from "./growth.ts";
import type { InProcess } from "./in-process/measure.ts";
import type { Piece } from "./pairs.ts";
import type { Requests } from "./requests.ts";
import type { Start } from "./start.ts";
import type { Figure } from "./statistics.ts";

export interface Results {
  /** Without a network, by how many sessions take turns. */
  readonly inProcess: readonly InProcess[];
  readonly start: readonly Start[];
  /** Of each part that measures whole requests; every comparison is made within one. */
  readonly requests: readonly Requests[];
  readonly pieces: readonly Piece[];
  readonly growth: Growth | undefined;
  readonly delay: readonly Delay[];
}

/** How many times as much one adds to a request as the other does. */
export function ratioOf({ requests }: Results, name: string, other: string, action: Action): Figure | undefined {
  for (const part of requests) {
    const ratio = part.ratio(name, other, action);
    if (ratio) return ratio;
  }
  return undefined;
}

/** Microseconds that a server's sessions add to a request, round by round. */
export function addedBy({ requests }: Results, name: string, action: Action): readonly number[] | undefined {
  for (const part of requests) {
    const added = part.added(name, action);
    if (added) return added;
  }
  return undefined;
}
