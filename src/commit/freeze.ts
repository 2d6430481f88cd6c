/**
 * After the commit the data is frozen: an assignment to it throws, where it would silently be lost.
 * Maps, Sets and Dates of the rich codecs cannot be frozen by the language; their containers are.
 */
export function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}
