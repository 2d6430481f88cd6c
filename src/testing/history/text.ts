/** Histories and verdicts as text. */
import type { Contradiction, HistoryVerdict } from "./check.ts";
import type { HistoryEvent } from "./event.ts";
import { HistoryFormatError } from "./operation.ts";

const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  create: ["key", "value"],
  login: ["key", "user"],
  read: ["key"],
  valid: ["key"],
  write: ["key", "value"],
  compareAndSet: ["key", "expected", "value"],
  increment: ["key"],
  delete: ["key"],
  revokeUser: ["user"],
  revokeAll: [],
};
const ENDS = ["begun", "ok", "fail", "unknown"];

/**
 * Reads the JSON lines of a history, of one file or of several that were joined. Empty lines are left out.
 *
 * @throws HistoryFormatError with the number of the line that is no event.
 *
 * @example
 * ```ts
 * const line = '{"type":"invoke","id":"c1:1","client":"c1","time":1,"op":"read","key":"s1"}';
 * parseHistory(`${line}\n`).length; // → 1
 * ```
 */
export function parseHistory(text: string): HistoryEvent[] {
  return text.split("\n").flatMap((line, at) => (line.trim() === "" ? [] : [parseLine(line, at + 1)]));
}

function parseLine(line: string, number: number): HistoryEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw new HistoryFormatError(`line ${number}: expected JSON, and a whole line of it`);
  }
  const wrong = mistakeIn(event);
  if (wrong !== undefined) throw new HistoryFormatError(`line ${number}: ${wrong}`);
  return event as HistoryEvent;
}

function mistakeIn(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null) return "expected an object";
  const fields = event as Readonly<Record<string, unknown>>;
  for (const name of ["id", "client"]) if (typeof fields[name] !== "string") return `expected a text as "${name}"`;
  if (!Number.isFinite(fields.time)) return 'expected a number as "time"';
  if (fields.type !== "invoke") {
    return ENDS.includes(String(fields.type)) ? undefined : `no event has the type ${JSON.stringify(fields.type)}`;
  }
  const needed = Object.hasOwn(OPERATIONS, String(fields.op)) ? OPERATIONS[String(fields.op)] : undefined;
  if (needed === undefined) return `no call is named ${JSON.stringify(fields.op)}`;
  const missing = needed.find((name) => !isScalar(fields[name], name === "key" || name === "user"));
  return missing === undefined ? undefined : `"${fields.op}" needs "${missing}"`;
}

function isScalar(value: unknown, textOnly: boolean): boolean {
  return typeof value === "string" || (!textOnly && (typeof value === "number" || typeof value === "boolean"));
}

/** As many sessions as a person reads of. */
const MOST_SHOWN = 10;

/**
 * A verdict for people: what was checked, and of each contradiction the calls that contradict each other.
 *
 * @example
 * ```ts
 * describeVerdict(checkHistory([])); // → "legal: 0 sessions, 0 operations (0 of them without an answer), 0 steps"
 * ```
 */
export function describeVerdict(result: HistoryVerdict): string {
  const { verdict, sessions, operations, lost, steps, contradictions, undecided } = result;
  const counts = `${sessions} sessions, ${operations} operations (${lost} of them without an answer), ${steps} steps`;
  const lines = [`${verdict}: ${counts}`, ...contradictions.slice(0, MOST_SHOWN).map(describeContradiction)];
  if (contradictions.length > MOST_SHOWN) lines.push(`and ${contradictions.length - MOST_SHOWN} more such sessions`);
  if (undecided.length > 0) {
    const names = undecided.slice(0, MOST_SHOWN).map((key) => JSON.stringify(key));
    const more = undecided.length > MOST_SHOWN ? " and more" : "";
    lines.push(`not decided, for they took too many steps: ${names.join(", ")}${more}`);
  }
  return lines.join("\n");
}

function describeContradiction({ key, calls, others }: Contradiction): string {
  const rows = calls.map(({ client, asked, answered, from, until }) => [
    client,
    asked,
    `→ ${answered}`,
    `${from.toFixed(3)} … ${until.toFixed(3)} ms`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`);
  const rest = others > 0 ? [`  (${others} other calls on it until then fit, wherever they are put)`] : [];
  return [`session ${JSON.stringify(key)}: no order of these calls explains their answers`, ...table, ...rest].join(
    "\n",
  );
}
