/** The results as tables, and what is too much. */
import type { Latency } from "./load.ts";
import { type Growth, OPERATIONS } from "./operations.ts";
import type { Result } from "./result.ts";
import { SMALL } from "./side.ts";
import type { Stalls } from "./stalls.ts";
import { SUBJECTS } from "./subjects.ts";

export interface Verdict {
  readonly what: string;
  readonly found: number;
  readonly bound: number;
  readonly within: boolean;
}

/** The depth of a balanced tree of all, over that of one of the small world: what a search may cost more. */
function depth(sessions: number): number {
  return Math.log(sessions) / Math.log(SMALL);
}

/** Microseconds that need no reason: main memory in the place of the processor's caches, the system's pages in the place of our own. */
const NOTHING = 5;

/** Who comes while others clean up may wait twice as long. */
const STALL = 2;

export function judge({ sessions, operations, user, sweep, expiry }: Result): Verdict[] {
  const verdict = (what: string, found: number, bound: number, more = Number.POSITIVE_INFINITY): Verdict => ({
    what,
    found,
    bound,
    within: found <= bound || more < NOTHING,
  });
  const deep = depth(sessions);
  return [
    ...OPERATIONS.flatMap((name) => {
      const { small, large, ratio50, ratio99 } = operations[name];
      return [
        verdict(`${name}, p50, times`, ratio50, deep, large.p50 - small.p50),
        verdict(`${name}, p99, times`, ratio99, deep, large.p99 - small.p99),
      ];
    }),
    ...(user ? [verdict("first page of a user with 1,000, times", user.first.ratio, deep)] : []),
    ...(user ? [verdict("all pages, times", user.all.ratio, deep)] : []),
    // Each row is on pages of its own, while in the small store many share one.
    ...(user ? [verdict("revoke all, times", user.revoke.ratio, 2 * deep)] : []),
    ...(sweep ? [verdict("p99 beside deleteExpired, times", sweep.ratio, STALL)] : []),
    ...(expiry ? [verdict("p99 beside the server's expiry, times", expiry.ratio, STALL)] : []),
  ];
}

const line = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const head = (first: string, ...rest: readonly string[]): string[] => [
  line(first, ...rest),
  line("---", ...rest.map(() => "--:")),
];
const whole = (value: number): string => Math.round(value).toLocaleString("en");
const short = (value: number): string => (value < 10 ? value.toFixed(1) : whole(value));
const title = ({ store, sessions }: Result, all: number): string =>
  `${SUBJECTS[store]?.title}${sessions === all ? "" : ` (${whole(sessions)})`}`;

function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

function costs(results: readonly Result[], all: number): string[] {
  return [
    ...head(
      "store",
      "bytes a session",
      "counted as",
      "written for a change",
      "gets a second",
      "changes a second",
      "fill",
    ),
    ...results.map((result) => {
      const { bytesEach, measured, writtenEach, operations, fillSeconds, direct, sessions } = result;
      return line(
        title(result, all),
        whole(bytesEach),
        measured,
        Number.isFinite(writtenEach[0]) ? writtenEach.map(size).join(" to ") : "–",
        whole(operations.get.large.perSecond),
        whole(operations.update.large.perSecond),
        `${whole(fillSeconds)} s, ${whole(sessions / fillSeconds)} a second${direct ? ", by SQL" : ""}`,
      );
    }),
  ];
}

const SERVER = "the server";

const pair = ({ p50, p99 }: Latency): string => `${short(p50)} / ${short(p99)}`;
const times = ({ ratio50, ratio99 }: Growth): string => `${ratio50.toFixed(2)} / ${ratio99.toFixed(2)}`;

function growth(results: readonly Result[], all: number): string[] {
  return [
    ...head("store", ...OPERATIONS.flatMap((name) => [`${name}, µs`, "times"])),
    ...results.map((result) =>
      line(
        title(result, all),
        ...OPERATIONS.flatMap((name) => [
          `${pair(result.operations[name].small)} → ${pair(result.operations[name].large)}`,
          times(result.operations[name]),
        ]),
      ),
    ),
  ];
}

function users(results: readonly Result[], all: number): string[] {
  return [
    ...head("store", "first page, ms", "all pages, ms", "revoke all, ms", "times that of the small store"),
    ...results.flatMap((result) => {
      const { user } = result;
      if (!user) return [];
      const { first, all: pages, revoke } = user;
      const ratios = [first, pages, revoke].map(({ ratio }) => ratio.toFixed(2)).join(", ");
      return [line(title(result, all), short(first.large), short(pages.large), short(revoke.large), ratios)];
    }),
  ];
}

function stalls(results: readonly Result[], all: number): string[] {
  const row = (result: Result, how: string, found: Stalls | undefined): string[] =>
    found
      ? [
          line(
            title(result, all),
            how,
            whole(found.removed),
            how === SERVER ? "" : `${found.seconds.toFixed(1)} s`,
            `${found.quiet.toFixed(2)} ms`,
            `${found.during.toFixed(2)} ms`,
            found.ratio.toFixed(2),
          ),
        ]
      : [];
  return [
    ...head("store", "by", "sessions", "took", "p99, quiet", "p99, meanwhile", "times"),
    ...results.flatMap((result) => [
      ...row(result, "`deleteExpired`", result.sweep),
      ...row(result, SERVER, result.expiry),
    ]),
  ];
}

const EXAMPLES = [10_000, 100_000, 1_000_000, 10_000_000];
/** A phone, a computer, and one that was left open. */
const EACH = 3;

function sizes(results: readonly Result[], all: number): string[] {
  return [
    ...head("store", ...EXAMPLES.map((count) => `${whole(count)} users`)),
    ...results.map((result) =>
      line(title(result, all), ...EXAMPLES.map((count) => size(count * EACH * result.bytesEach))),
    ),
  ];
}

/** By the name of the marker. */
export function tables(results: readonly Result[], machine: string): Record<string, string> {
  const all = Math.max(...results.map(({ sessions }) => sessions));
  const text = (...lines: readonly string[]): string => `${lines.join("\n")}\n`;
  return {
    machine: text(`${machine} ${whole(all)} sessions where nothing else is said.`),
    costs: text(...costs(results, all)),
    sizes: text(...sizes(results, all)),
    growth: text(...growth(results, all)),
    users: text(...users(results, all)),
    stalls: text(...stalls(results, all)),
  };
}

/** Puts each table between its markers, and leaves everything else as it is. */
export function fillIn(page: string, written: Readonly<Record<string, string>>): string {
  let filled = page;
  for (const [name, text] of Object.entries(written)) {
    const [begin, end] = [`<!-- scale:${name} -->`, `<!-- /scale:${name} -->`];
    const [from, to] = [filled.indexOf(begin), filled.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`docs/capacity.md: ${begin} … ${end} is missing.`);
    filled = `${filled.slice(0, from + begin.length)}\n${text}${filled.slice(to)}`;
  }
  return filled;
}
