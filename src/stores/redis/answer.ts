/** What scripts answer. Clients with an option for it (`stringNumbers`, a type mapping) give numbers as text. */

/** A number of one digit, however the client gives it; undefined for anything else, such as a record. */
export function digit(answer: unknown): number | undefined {
  if (typeof answer === "number") return answer;
  return typeof answer === "string" && answer.length === 1 ? Number(answer) : undefined;
}

export const isOne = (answer: unknown): boolean => digit(answer) === 1;
