/**
 * What a scenario, a run and the outcome of a deed consist of. How a world is made is in `base.ts`.
 */
import type { AllSessions, SessionEvent, SessionKey, Store } from "../../index.ts";
import type { FakeClock } from "../fake-clock.ts";
import type { Browser } from "./browser.ts";
import type { Place } from "./held-store.ts";

/** Any data: deeds put marks into it, which say whose they are. */
export type Data = Record<string, unknown>;

/** How old the session of browser X is when the deeds begin. */
export type Age =
  /** Just used. */
  | "fresh"
  /** Long enough ago that the next use is written down. */
  | "touch due"
  /** Long enough ago that the next request rotates it. */
  | "rotation due"
  /** Rotated twice: its first token, in other hands, is a replay. */
  | "rotated twice";

/** What the deeds begin with. */
export interface Scenario {
  readonly mode: "server" | "tracked";
  /** Who browser X is at the beginning. */
  readonly visitor: "ann" | "anonymous";
  readonly age: Age;
  readonly deeds: readonly string[];
  /** One process for all deeds, or one each. */
  readonly processes: "one" | "each";
  /** Hide the store's `replace`, so that a replacement takes two steps. */
  readonly twoSteps: boolean;
  readonly limit?: { readonly sessions: number; readonly onLimit: "evict-oldest" | "reject" } | undefined;
}

/** How one deed went. */
export interface Outcome {
  readonly actor: string;
  readonly deed: string;
  /** The step at which it began, and at which it was answered; 0 before. */
  startedAt: number;
  answeredAt: number;
  /** The step at which it began first, where it came again. */
  firstStartedAt: number;
  /** The time at which it began. */
  startedTime: number;
  /** An HTTP status; for a call of an operator 200, or the status of its error. */
  status: number;
  code: string | undefined;
  /** The session was a live one when the request opened it. */
  live: boolean;
  /** The user of the session as the request opened it. */
  user: string | undefined;
  /** What a write left, to be looked for. */
  mark: string | undefined;
  /** The cookie that came with the answer brought the mark. */
  carried: boolean;
}

/** One run: the processes, the browsers, and what happened to them. */
export interface World extends Place {
  readonly scenario: Scenario;
  readonly clock: FakeClock;
  /** A process that only looks, over the store itself. */
  readonly probe: AllSessions<Data>;
  readonly sessions: ReadonlyMap<string, AllSessions<Data>>;
  readonly stores: ReadonlyMap<string, Store>;
  /** X and Y are ann's (X when she is logged in there), Z is bob's. */
  readonly browsers: ReadonlyMap<string, Browser>;
  /** The public id of each browser's session at the beginning. */
  readonly ids: ReadonlyMap<string, SessionKey>;
  /** The first token of browser X, in other hands. */
  readonly stolen: string;
  /** Every payload that was stored. */
  readonly stored: Set<string>;
  readonly events: SessionEvent[];
  readonly outcomes: Outcome[];
  /** The time before the first step. */
  readonly begunAt: number;
  /** Steps so far. */
  steps: number;
  /** Who was let go last. */
  moving: string;
  failures: number;
  /** Everybody was answered: nothing is under way any more. */
  onEnd(): void;
}

export function browserOf(world: World, name: string): Browser {
  const browser = world.browsers.get(name);
  if (!browser) throw new RangeError(`there is no browser ${name}`);
  return browser;
}

/** Whether it was told that it had worked. */
export function acknowledged({ status }: Outcome): boolean {
  return status >= 200 && status < 300;
}
