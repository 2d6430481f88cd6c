/** What a page shows of its session: pure, from what the endpoint told and the time since. */
import type { SessionFacts } from "./facts.ts";

/** The session as a page shows it; a new object whenever something of it has changed, and the same one otherwise. */
export interface SessionView<Public = unknown> {
  /** `loading` until the endpoint has answered for the first time. */
  readonly status: "loading" | "anonymous" | "user";
  readonly userId: string | null;
  readonly public: Public | null;
  readonly level: SessionFacts["level"];
  /** Why nobody is logged in, as the endpoint told. */
  readonly because: SessionFacts["because"];
  /** True from `warnBefore` the end: show that it is near. */
  readonly warning: boolean;
  /**
   * Milliseconds until the end: as of the last answer, and counted down by the second while `warning`. Null while
   * anonymous.
   */
  readonly left: number | null;
  /** Which limit is the nearer one: activity or `keepAlive` moves `idle`, and only a new login moves `lifetime`. */
  readonly endsBy: "idle" | "lifetime" | null;
}

/** What the endpoint told, and when it was asked. */
export interface Known<Public> {
  readonly facts: SessionFacts<Public>;
  readonly at: number;
}

export const LOADING: SessionView<never> = {
  status: "loading",
  userId: null,
  public: null,
  level: null,
  because: null,
  warning: false,
  left: null,
  endsBy: null,
};

/** Milliseconds until the end; undefined while there is none. */
export function leftOf<Public>(known: Known<Public> | undefined, now: number): number | undefined {
  const ms = known?.facts.idleMs;
  // Counted from before the request was sent, and so never too late.
  return ms == null ? undefined : Math.max(0, (known as Known<Public>).at + ms - now);
}

export function viewOf<Public>({ facts, at }: Known<Public>, now: number, warning: boolean): SessionView<Public> {
  const { userId, public: shown, level, because, idleMs, lifetimeMs } = facts;
  const user = userId !== null;
  const left = warning ? Math.ceil((leftOf({ facts, at }, now) ?? 0) / 1_000) * 1_000 : idleMs;
  const endsBy = user ? (idleMs === lifetimeMs ? "lifetime" : "idle") : null;
  return { status: user ? "user" : "anonymous", userId, public: shown, level, because, warning, left, endsBy };
}
