/** The book of one run: what was asked, what was answered, and every promise that was broken. */

/** A promise that can be broken. `docs/faults.md` explains each. */
export const KINDS = [
  "lost-write",
  "lost-session",
  "resurrected",
  "returned",
  "foreign",
  "cookie",
  "count",
  "unlisted",
  "history",
  "status",
  "late",
  "stuck",
  "leak",
] as const;

export type Kind = (typeof KINDS)[number];

/** Violations whose particulars are kept. */
const MOST_DETAILS = 30;

/** How often it is looked whether the process was kept from running. */
const LOOK_MS = 20;

/** How long after the end of a fault a call that had failed may still take effect: it lay in a buffer of the server. */
const SETTLE_MS = 3_000;

export class Ledger {
  readonly startedAt: number = performance.now();
  readonly #permits: readonly Kind[];
  readonly #meanwhile: readonly Kind[];
  /** Milliseconds that a failed request may take. */
  readonly patience: number;
  readonly broken: Map<Kind, number> = new Map();
  /** The same, where the server itself promises no more. */
  readonly allowed: Map<Kind, number> = new Map();
  readonly details: string[] = [];
  /** Requests by status. */
  readonly statuses: Map<number, number> = new Map();
  /** The slowest answer of each status, in milliseconds. */
  readonly slowest: Map<number, number> = new Map();
  /** Acknowledged changes, logins, logouts and revocations. */
  acknowledged = 0;
  ghosts = 0;
  /** New generations that clients were handed. */
  rotations = 0;
  begunAt: number | undefined;
  healedAt: number | undefined;
  /** Milliseconds from the fault's end to the first change that was acknowledged. */
  firstSuccess: number | undefined;
  /** Milliseconds from the fault's end to the beginning of the last request that failed. */
  lastFailure = 0;

  /** Milliseconds in all for which this process could not run: a busy machine is no fault of the store. */
  #lag = 0;
  #watch: NodeJS.Timeout | undefined;

  /** `permits`: what the server does not promise from the fault on; `meanwhile`: or while it lasts. */
  constructor(permits: readonly Kind[], meanwhile: readonly Kind[], patience: number) {
    this.#permits = permits;
    this.#meanwhile = meanwhile;
    this.patience = patience;
  }

  /** Begins to measure how long the process is kept from running. */
  watchLag(): void {
    let due = performance.now() + LOOK_MS;
    this.#watch = setInterval(() => {
      const now = performance.now();
      this.#lag += Math.max(0, now - due);
      due = now + LOOK_MS;
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#watch);
  }

  get lag(): number {
    return this.#lag;
  }

  /** Whether calls that failed can still take effect. */
  get unsettled(): boolean {
    return this.begunAt !== undefined && performance.now() < (this.healedAt ?? Number.POSITIVE_INFINITY) + SETTLE_MS;
  }

  breaks(kind: Kind, detail: string): void {
    const permitted =
      this.begunAt !== undefined &&
      (this.#permits.includes(kind) || (this.healedAt === undefined && this.#meanwhile.includes(kind)));
    const counts = permitted ? this.allowed : this.broken;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const seconds = ((performance.now() - this.startedAt) / 1000).toFixed(2);
    if (!permitted && this.details.length < MOST_DETAILS) this.details.push(`${seconds} s, ${kind}: ${detail}`);
  }

  /** `lagBefore`: `lag` when the request began. */
  answered(status: number, startedAt: number, lagBefore: number): void {
    const took = performance.now() - startedAt;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.slowest.set(status, Math.max(this.slowest.get(status) ?? 0, took));
    if (status !== 503) return;
    if (took > this.patience + this.#lag - lagBefore)
      this.breaks("late", `a request failed after ${took.toFixed(0)} ms`);
    if (this.healedAt !== undefined) this.lastFailure = Math.max(this.lastFailure, startedAt - this.healedAt);
  }

  wrote(startedAt: number): void {
    this.acknowledged += 1;
    if (this.healedAt !== undefined && startedAt >= this.healedAt)
      this.firstSuccess ??= performance.now() - this.healedAt;
  }

  count(status: number): number {
    return this.statuses.get(status) ?? 0;
  }
}
