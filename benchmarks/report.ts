/** What a run has measured, as Markdown. */
import type { Action } from "./application.ts";
import type { Delay } from "./delay.ts";
import { type Goal, goalsOf } from "./goals.ts";
import type { Growth } from "./growth.ts";
import type { InProcess } from "./in-process/measure.ts";
import type { Piece } from "./pairs.ts";
import type { Requests } from "./requests.ts";
import { type Results, ratioOf } from "./results.ts";
import type { Start } from "./start.ts";
import { type Figure, figure } from "./statistics.ts";
import { BARE } from "./subjects.ts";

/** How and against what it was measured, for readers. */
export interface Circumstances {
  readonly machine: string;
  readonly rounds: number;
  /** Names and versions of what was compared, and of what it was measured over. */
  readonly versions: readonly string[];
  readonly databases: readonly string[];
}

const number = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0));
const span = (value: Figure | undefined, form: (value: number) => string = number): string =>
  value ? `${form(value.median)} (${form(value.low)}–${form(value.high)})` : "";
/** Two digits: "0.43" and "1.6" and "12". */
const times = (value: number): string => (Math.abs(value) < 1 ? value.toFixed(2) : number(value));
const line = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function goalLine({ what, measure, atMost, found }: Goal): string {
  const median = found?.median ?? Number.NaN;
  return line(what, `≤ ${atMost} ${measure}`, span(found, times), median <= atMost ? "met" : "**missed**");
}

function requestLines(results: Results, requests: Requests): string[] {
  return requests.subjects.map(({ name, floor }) => {
    const added = (action: Action): string => span(figure(requests.added(name, action) ?? []));
    const ratio = (action: Action): string =>
      floor === undefined ? "" : span(ratioOf(results, name, floor, action), times);
    return line(name, added("read"), added("change"), added("anonymous"), ratio("read"), ratio("change"));
  });
}

function bareLine({ requests }: Results): string {
  const all = BARE.map((name) => ({ name, total: requests.flatMap((part) => part.total(name, "read")) }));
  const measured = all.filter(({ total }) => total.length > 0);
  const each = measured.map(({ name, total }) => `${name} ${number(figure(total).median)} µs`);
  return `The frameworks alone: ${each.join(", ")} a request.`;
}

function requestSection(results: Results): string[] {
  if (results.requests.length === 0) return [];
  return [
    "## Whole requests",
    "",
    "CPU time that sessions add to a request in the server's process, over the same framework without them; 50 connections, the load",
    "from another process, all servers of a kind in turn in every round. Median (and the quarters below and above it). A *floor* is",
    "a hand-written server that does only what cannot be avoided. Figures near zero are noise.",
    "",
    line("server", "read, µs", "change, µs", "anonymous, µs", "read ÷ floor", "change ÷ floor"),
    line("---", "--:", "--:", "--:", "--:", "--:"),
    ...results.requests.flatMap((requests) => requestLines(results, requests)),
    "",
    bareLine(results),
    "",
  ];
}

function inProcessLines({ group, requests }: InProcess): string[] {
  return group.subjects.map(({ name, floor }) => {
    const added = (action: Action): string => span(figure(requests.added(name, action) ?? []));
    const ratio = (action: Action): string =>
      floor === undefined ? "" : span(requests.ratio(name, floor, action), times);
    const cells = [added("read"), added("change"), added("anonymous"), ratio("read"), ratio("change")];
    return line(group.title, name, ...cells);
  });
}

function inProcessSection(measured: readonly InProcess[]): string[] {
  if (measured.length === 0) return [];
  return [
    "## A request without a network",
    "",
    "User CPU time that sessions add to a request, where Node's own parser and writer run over a stream in memory (Fetch and Hono are",
    "called with a `Request`). Three processes of each stack in turn; the median over them of the median of their rounds, and the",
    "quarters. A *floor with the promises* is written by hand and keeps what Sojourn promises of a request, but for rotation, verbs, bounds,",
    "hooks, merging and every path of an error.",
    "",
    line("", "stack", "read, µs", "change, µs", "anonymous, µs", "read ÷ floor", "change ÷ floor"),
    line("---", "---", "--:", "--:", "--:", "--:", "--:"),
    ...measured.flatMap(inProcessLines),
    "",
  ];
}

function startSection(start: readonly Start[]): string[] {
  if (start.length === 0) return [];
  return [
    "## Start-up",
    "",
    "Milliseconds that importing and setting up takes in a new process, over one that does nothing; twenty processes of each in turn.",
    "",
    line("", "ms"),
    line("---", "--:"),
    ...start.map(({ name, added }) => line(name, span(added))),
    "",
  ];
}

function delaySection(delay: readonly Delay[]): string[] {
  if (delay.length === 0) return [];
  return [
    "## Delay of the event loop",
    "",
    "Milliseconds, the 99th percentile while 200 connections keep the server busy, each with a session of its own; servers in turn.",
    "",
    line("server", "ms", "beside node:http"),
    line("---", "--:", "--:"),
    ...delay.map(({ name, late, ratio }) => line(name, span(late), span(ratio, times))),
    "",
  ];
}

function goalSection(results: Results): string[] {
  const goals = goalsOf(results);
  if (goals.length === 0) return [];
  const met = goals.filter(({ atMost, found }) => found !== undefined && found.median <= atMost);
  return [
    "## Goals",
    "",
    `Of ${goals.length} goals this run shows ${met.length} met. Found is the median over the rounds, and the quarters below and above it;`,
    "what is compared with something else is compared round by round.",
    "",
    line("what", "goal", "found", ""),
    line("---", "---", "--:", "---"),
    ...goals.map(goalLine),
    "",
  ];
}

function pieceSection(pieces: readonly Piece[]): string[] {
  if (pieces.length === 0) return [];
  return [
    "## Pieces",
    "",
    "In one process, CPU time unless it says elapsed. Over Redis and PostgreSQL, 50 are under way at a time, and the least is the",
    "same reading and writing by the client alone, with JSON.",
    "",
    line("piece", "µs", "least that does it, µs", "ratio"),
    line("---", "--:", "--:", "--:"),
    ...pieces.map(({ name, ours, floor, ratio }) =>
      line(name, span(ours), span(floor), ratio ? ratio.median.toFixed(2) : ""),
    ),
    "",
  ];
}

function growthSection({ sessions, bytesEach, read, sweep }: Growth): string[] {
  return [
    "## Growth of the memory store",
    "",
    `${sessions.toLocaleString("en")} sessions of 300 B: ${bytesEach.toFixed(0)} bytes each over the key; a read at random ${number(read)} µs; ` +
      `one slice of the sweep (50 records) ${sweep.map((ms) => `${ms.toFixed(1)} ms`).join(", ")} (median, 99th percentile, longest).`,
    "",
  ];
}

export function report(results: Results, { machine, rounds, versions, databases }: Circumstances): string {
  const over = databases.length > 0 ? ` Over ${databases.join("; ")}.` : "";
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench` (`-- 7` for seven rounds; `-- --only redis` for one part, which is printed and not written here). The",
    "times are of one machine and one day, the ratios are what to look at.",
    "",
    `${machine}, ${rounds} rounds. With ${versions.join(", ")}.${over}`,
    "",
    ...goalSection(results),
    ...inProcessSection(results.inProcess),
    ...startSection(results.start),
    ...requestSection(results),
    ...pieceSection(results.pieces),
    ...delaySection(results.delay),
    ...(results.growth ? growthSection(results.growth) : []),
  ].join("\n");
}
