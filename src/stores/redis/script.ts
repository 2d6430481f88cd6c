import type { Connection } from "./connection.ts";

/** Milliseconds for which a script is tried again while its slot is between two servers. */
const MOVING = 2000;

/** What a server that refused a command says, which then has done nothing. */
const says = (error: unknown, what: string): boolean => String((error as Error | undefined)?.message).startsWith(what);

/** A Lua script that the server knows by its hash: one round trip, two for the first time after the server was started. */
export class Script {
  readonly #source: string;
  #hash: string | undefined;

  constructor(source: string) {
    this.#source = source.trim();
  }

  /** All keys must be in the slot of the first one. */
  async run(connection: Connection, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    this.#hash ??= await sha1(this.#source);
    const count = String(keys.length);
    try {
      return await connection.send(keys[0], ["EVALSHA", this.#hash, count, ...keys, ...args]);
    } catch (error) {
      // NOSCRIPT: the server was restarted, or another that never saw it has the slot now. TRYAGAIN: the slot is moving.
      if (!says(error, "NOSCRIPT") && !says(error, "TRYAGAIN")) throw error;
      return this.#runInFull(connection, [count, ...keys, ...args]);
    }
  }

  /** A script of several keys is refused while some of them have moved to another server and some have not. */
  async #runInFull(connection: Connection, rest: readonly string[]): Promise<unknown> {
    const deadline = performance.now() + MOVING;
    for (let wait = 2; ; wait = Math.min(2 * wait, 50)) {
      try {
        return await connection.send(rest[1], ["EVAL", this.#source, ...rest]);
      } catch (error) {
        if (!says(error, "TRYAGAIN") || performance.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** What Redis names scripts by; not a matter of security. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
