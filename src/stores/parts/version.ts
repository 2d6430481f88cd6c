/**
 * The first version of a record: 51 random bits, and so a whole number that stays exact however often one is added. A
 * version from before a key was deleted fits what was created there later with a chance of 2^-51.
 */
export function firstVersion(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high % 0x8_0000) * 0x1_0000_0000 + low;
}

/** 96 random bits as text, for a version, a life or a nonce that never comes back. */
export function freshMark(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("-");
}
