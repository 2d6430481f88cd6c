/**
 * Steps of a run and their footprints: which keys and users a call of the store reads and writes, and whether the order
 * of two can matter.
 */
import type { StoreVerb } from "../instrumented-store.ts";

/** What becomes of a call of the store that is let go. */
export type Fate = "goes" | "fails" | "answer lost";

/** What a step reads and writes of what others can see. */
export interface Footprint {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** A point at which somebody is held: before a call of the store takes effect, after it, or at a place of its own. */
export interface Step {
  /** "A", "B", "C": who goes on when it is let go. */
  readonly actor: string;
  /** What the schedule calls it: "get", "update", "start". */
  readonly name: string;
  /** The arguments of a call of the store. */
  readonly args: readonly unknown[];
  /** A call of the store can fail; a place of its own cannot. */
  readonly canFail: boolean;
  readonly footprint: Footprint;
  go(fate: Fate): void;
}

/** Everything that is of one user, of all users, or has no key: it meets every write. */
const USERS = "users";
const ANY_KEY = "key:*";

const keyed = (key: unknown): string => `key:${String(key)}`;

/** What a call of the store touches; more than it really does where that is simpler. */
export function footprintOf(verb: StoreVerb, [first]: readonly unknown[], limited: boolean): Footprint {
  switch (verb) {
    case "get":
      return { reads: [keyed(first)], writes: [] };
    case "epoch":
      return { reads: [USERS], writes: [] };
    case "create":
    case "update":
    case "end":
    case "touch":
    case "delete":
      return { reads: [], writes: [keyed(first)] };
    case "admit":
      return limited ? { reads: [USERS], writes: [ANY_KEY] } : { reads: [USERS], writes: [keyed(first)] };
    case "list":
    case "scan":
      return { reads: [USERS, ANY_KEY], writes: [] };
    case "close":
    case "health":
      return { reads: [], writes: [] };
    default:
      return { reads: [USERS, ANY_KEY], writes: [USERS, ANY_KEY] };
  }
}

/** `replace` has two keys. */
export function footprintOfReplace(key: unknown, old: unknown, limited: boolean): Footprint {
  return limited ? { reads: [USERS], writes: [ANY_KEY] } : { reads: [USERS], writes: [keyed(key), keyed(old)] };
}

function meet(one: string, other: string): boolean {
  if (one === other) return true;
  return (one === ANY_KEY && other.startsWith("key:")) || (other === ANY_KEY && one.startsWith("key:"));
}

/** Whether the order of two steps can make a difference. */
export function dependent(one: Footprint, other: Footprint): boolean {
  const hits = (writes: readonly string[], all: Footprint): boolean =>
    writes.some((write) => [...all.reads, ...all.writes].some((touched) => meet(write, touched)));
  return hits(one.writes, other) || hits(other.writes, one);
}
