import type { Connection } from "./connection.ts";

/** A Lua script that the server knows by its hash: one round trip, two for the first time after the server was started. */
export class Script {
  readonly #source: string;
  #hash: Promise<string> | undefined;

  constructor(source: string) {
    this.#source = source.trim();
  }

  /** All keys must be in the slot of the first one. */
  async run(connection: Connection, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    this.#hash ??= sha1(this.#source);
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await connection.send(keys[0], ["EVALSHA", await this.#hash, ...rest]);
    } catch (error) {
      // The server was restarted, or failed over to one that never saw it. It has done nothing yet.
      if (!String((error as Error | undefined)?.message).startsWith("NOSCRIPT")) throw error;
      return connection.send(keys[0], ["EVAL", this.#source, ...rest]);
    }
  }
}

/** What Redis names scripts by; not a matter of security. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
