/** Plain objects one on top of the other. */
type Plain = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is Plain {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * `changes` on top of `base`, in objects within, too. What is undefined changes nothing; anything but a plain object
 * (an array, a date) takes the place of what was there.
 */
export function merged(base: object, changes: object): object {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    // From a body of JSON this is a key as any other, and would set a prototype.
    if (value === undefined || key === "__proto__") continue;
    const before = Object.hasOwn(base, key) ? (base as Plain)[key] : undefined;
    result[key] = isPlain(value) ? merged(isPlain(before) ? before : {}, value) : value;
  }
  return result;
}
