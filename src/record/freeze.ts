/**
 * After the commit the data is frozen: an assignment to it throws, where it would silently be lost.
 * Maps, Sets and Dates of the rich codecs cannot be frozen by the language; their containers are.
 */
export function freeze(data: unknown): void {
  if (isContainer(data)) freezeWithin(data, 0);
}

/** A row that somebody else wrote may be nested deeper than the stack. */
const MOST_DEPTH = 500;

function freezeWithin(container: object, depth: number): void {
  if (depth > MOST_DEPTH) {
    freezeDeep(container);
    return;
  }
  Object.freeze(container);
  if (Array.isArray(container)) {
    // Not by its keys, which would be made into texts first.
    for (let at = 0; at < container.length; at++) {
      const inner: unknown = container[at];
      if (isContainer(inner)) freezeWithin(inner, depth + 1);
    }
    return;
  }
  // Session data has no inherited properties; were there one, freezing it would do no harm.
  for (const key in container) {
    const inner = (container as Record<string, unknown>)[key];
    if (isContainer(inner)) freezeWithin(inner, depth + 1);
  }
}

function freezeDeep(container: object): void {
  const rest = [container];
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    Object.freeze(value);
    for (const inner of Object.values(value)) if (isContainer(inner)) rest.push(inner);
  }
}

/** Something that can be frozen, and is not: a typed array cannot, and what a frozen one holds is frozen already. */
function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  // Nearly always so, and asked in a quarter of the time.
  return Object.isExtensible(value) || !Object.isFrozen(value);
}
