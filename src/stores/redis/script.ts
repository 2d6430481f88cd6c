/**
 * A Lua script and how it is run: by its hash, and in full where the server does not know that or the slot is moving.
 * The texts are in `scripts.ts`, `user-scripts.ts` and `cluster/scripts.ts`.
 */
import { setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Connection } from "./connection.ts";

/** What a script runs on. */
export interface Server {
  readonly connection: Connection;
  /** Whether it evicts what has a time to live when memory is short. */
  readonly evicts: boolean;
}

/** Milliseconds for which a script is tried again while its slot is between two servers. */
const MOVING = 2000;

/** What a server that refused a command says, which then has done nothing. */
const says = (error: unknown, what: string): boolean => String((error as Error | undefined)?.message).startsWith(what);

/** A text that the server knows by its hash. */
class Source {
  readonly text: string;
  hash: string | undefined;

  constructor(text: string) {
    this.text = text.trim();
  }
}

/**
 * A Lua script that the server knows by its hash: one round trip, two for the first time after the server was started.
 */
export class Script {
  readonly #plain: Source;
  readonly #lasting: Source;

  /** @param lasting For a server that evicts what has a time to live. */
  constructor(plain: string, lasting: string) {
    this.#plain = new Source(plain);
    this.#lasting = lasting === plain ? this.#plain : new Source(lasting);
  }

  /** All keys must be in the slot of the first one. */
  async run(server: Server, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const { connection } = server;
    const source = server.evicts ? this.#lasting : this.#plain;
    const count = String(keys.length);
    source.hash ??= await sha1(source.text);
    try {
      return await connection.send(keys[0], ["EVALSHA", source.hash, count, ...keys, ...args]);
    } catch (error) {
      // NOSCRIPT: the server was restarted, or another that never saw it has the slot now. TRYAGAIN: the slot is
      // moving.
      if (!says(error, "NOSCRIPT") && !says(error, "TRYAGAIN")) throw error;
      return runInFull(connection, source.text, [count, ...keys, ...args]);
    }
  }
}

/** A script of several keys is refused while some of them have moved to another server and some have not. */
async function runInFull(connection: Connection, text: string, rest: readonly string[]): Promise<unknown> {
  const deadline = stopwatchNow() + MOVING;
  for (let wait = 2; ; wait = Math.min(2 * wait, 50)) {
    try {
      return await connection.send(rest[1], ["EVAL", text, ...rest]);
    } catch (error) {
      if (!says(error, "TRYAGAIN") || stopwatchNow() > deadline) throw error;
    }
    await new Promise<void>((resolve) => setTimeout(resolve, wait));
  }
}

/** What Redis names scripts by; not a matter of security. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
