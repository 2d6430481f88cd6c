/**
 * Which generation of a token a request presented, and what follows from it. Pure.
 *
 * The tag proves that we issued the generation, so an old one is a replay and never a guess, and one
 * ahead of the record means that the store lost our write (a failover), which the next commit repairs.
 */
export type GenerationVerdict = "current" | "predecessor" | "ahead" | "replay";

export interface Rotation {
  readonly generation: number;
  /** When the successor was first presented; undefined while only the predecessor is known to be out there. */
  readonly successorSeenAt?: number | undefined;
}

/**
 * The predecessor stays valid until the successor was seen, and `grace` after that, counted from that
 * first sight: the window does not slide. Only the immediate predecessor; older ones are replays.
 */
export function judgeGeneration(presented: number, held: Rotation, grace: number, now: number): GenerationVerdict {
  if (presented === held.generation) return "current";
  if (presented > held.generation) return "ahead";
  if (presented < held.generation - 1) return "replay";
  return held.successorSeenAt === undefined || now < held.successorSeenAt + grace ? "predecessor" : "replay";
}

/**
 * Only once the predecessor is no longer honoured. A successor whose first answer was lost may be seen for the first
 * time when it is due itself, with slower requests that carry the predecessor still under way: another generation would
 * make them replays.
 */
export function mayRotate(held: Rotation, grace: number, now: number): boolean {
  return held.generation === 0 || judgeGeneration(held.generation - 1, held, grace, now) === "replay";
}
