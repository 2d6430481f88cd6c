/** The few assertions that the published suites need, so that they run under any test runner. */

/**
 * Carries `actual` and `expected`, so that a runner can show the difference.
 *
 * @example
 * ```ts
 * new ContractViolation("a deleted record is absent", "a record", null).expected; // → null
 * ```
 */
export class ContractViolation extends Error {
  override readonly name = "AssertionError";
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, actual: unknown, expected: unknown) {
    super(message);
    this.actual = actual;
    this.expected = expected;
  }
}

/** Fails unless the condition holds. `rule` says what the contract asks for. */
export function ok(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new ContractViolation(rule, condition, true);
}

/** Fails unless both are deeply equal; a property that is undefined counts as absent. */
export function equal(actual: unknown, expected: unknown, rule: string): void {
  if (same(actual, expected)) return;
  throw new ContractViolation(`${rule}: expected ${show(expected)}, found ${show(actual)}`, actual, expected);
}

/** Fails unless the call rejects (or throws). Answers with the error. */
export async function rejects(call: () => Promise<unknown>, rule: string): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    return error;
  }
  throw new ContractViolation(`${rule}: expected a rejection, found ${show(answer)}`, answer, Error);
}

/** Deep equality of plain values; no cycles, no prototypes. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => same(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((name) => same(left[name], right[name]));
}

/** A value for a message, cut where it is long. */
export function show(value: unknown): string {
  const text = value === undefined ? "undefined" : (JSON.stringify(value) ?? String(value));
  return text.length <= 300 ? text : `${text.slice(0, 300)}… (${text.length} characters)`;
}
