/**
 * The memory of cookies whose signatures have been verified, so that not every request pays for an HMAC.
 */
import { decodedCookie, signedId } from "./request-cookie.ts";
import type { Secret } from "./signature.ts";

/** How many cookies of one generation are kept; there are two of them, some 400 bytes a cookie. */
const MOST = 2_000;

/**
 * The ids of cookies whose signature was right a short time ago: a browser sends the same one with each request, and
 * HMAC is a good part of what a request costs. Only right ones are kept, whole, and a `Map` compares a value only when
 * its seeded hash is the same already, so that nobody learns a signature by how long a wrong one takes.
 */
export class VerifiedCookies {
  #secrets: readonly Secret[] = [];
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** The id that a cookie's raw value bears; undefined without a signature by one of these secrets. */
  idOf(raw: string, secrets: readonly Secret[]): string | undefined {
    if (!this.#isOf(secrets)) this.#startOver(secrets);
    const known = this.#young.get(raw);
    if (known !== undefined) return known;
    const id = this.#old.get(raw) ?? signedId(decodedCookie(raw), secrets);
    if (id !== undefined) this.#keep(whole(raw), whole(id));
    return id;
  }

  /** An application can take a secret out of its list while it runs. */
  #isOf(secrets: readonly Secret[]): boolean {
    if (secrets.length !== this.#secrets.length) return false;
    for (let at = 0; at < secrets.length; at++) if (secrets[at] !== this.#secrets[at]) return false;
    return true;
  }

  #startOver(secrets: readonly Secret[]): void {
    this.#secrets = [...secrets];
    this.#young = new Map();
    this.#old = new Map();
  }

  #keep(raw: string, id: string): void {
    if (this.#young.size >= MOST) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(raw, id);
  }
}

/** A string of its own: a part of a header would keep the whole header in memory. */
function whole(text: string): string {
  return Buffer.from(text).toString();
}
