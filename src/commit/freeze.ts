/**
 * After the commit the data is frozen: an assignment to it throws, where it would silently be lost.
 * Maps, Sets and Dates of the rich codecs cannot be frozen by the language; their containers are.
 */
export function freeze(data: unknown): void {
  // Not by recursion: a row that somebody else wrote may be nested deeper than the stack.
  const rest = [data];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) continue;
    Object.freeze(value);
    for (const inner of Object.values(value)) rest.push(inner);
  }
}
