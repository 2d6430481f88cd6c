/** 96 random bits as text, for a version, a life or a nonce that never comes back. */
export function freshMark(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("-");
}
