import { platform as node } from "../../../src/crypto/node.ts";
import type { Platform } from "../../../src/crypto/platform.ts";
import { platform as web } from "../../../src/crypto/web.ts";

/** Both must do the same; every test of what is made of them runs over each. */
export const platforms: readonly { readonly name: string; readonly platform: Platform }[] = [
  { name: "node", platform: node },
  { name: "web", platform: web },
];

export function hex(bytes: Uint8Array | null): string {
  return bytes === null ? "null" : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
