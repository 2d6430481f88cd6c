/**
 * The package `memcache` as a client of the store, by way of its nodes, for its own verbs hide failures.
 */
import { SessionError } from "../../errors.ts";
import { clearTimeout, setTimeout } from "../parts/timers.ts";
import type { ClientOfServers } from "./client.ts";
import { refusal } from "./replies.ts";

/** The part of a node of the package `memcache` that is used. */
export interface MemcacheNode {
  readonly socket: MemcacheSocket | undefined;
  readonly hasSaslCredentials: boolean;
  isConnected(): boolean;
  reconnect(): Promise<void>;
  command(command: string, options?: { isMultiline?: boolean; requestedKeys?: string[] }): Promise<unknown>;
}

/** The part of a node's socket that is used. */
export interface MemcacheSocket {
  readonly closed: boolean;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** The part of a client of the package `memcache` that is used: it knows the servers and which of them has a key. */
export interface Memcache {
  readonly nodes: MemcacheNode[];
  readonly hash: { getNodesByKey(key: string): MemcacheNode[] };
}

/** What a node answers to a `get` of several lines. */
interface Values {
  readonly values?: readonly string[] | undefined;
  readonly foundKeys?: readonly string[] | undefined;
}

/**
 * Speaks to the servers through the nodes of a `Memcache` (memcached 1.6 and later). Its own verbs cannot be used:
 * `get` answers with nothing when the server is down, `gets` keeps the number of an item to itself, and `cas` says
 * false for "changed", "gone" and "down" alike. The number is therefore asked for by `mg`, whose answer is one line.
 */
export function viaMemcache(client: Memcache, timeout: number): ClientOfServers {
  const links = new WeakMap<MemcacheNode, Link>();
  const linkTo = (node: MemcacheNode): Link => {
    const link = links.get(node) ?? new Link(node, timeout);
    links.set(node, link);
    return link;
  };
  const of = (key: string): Link => {
    const [node, ...others] = client.hash.getNodesByKey(key);
    if (node === undefined || others.length > 0) {
      throw unusable("a compare-and-set is only one on exactly one server for each key, found none or several");
    }
    if (node.hasSaslCredentials) throw unusable("memcache speaks another protocol with SASL; put the user into a URL");
    return linkTo(node);
  };
  // Not the meta command `ms`: when it is refused for want of memory it removes the item that was there.
  const write = (head: string, key: string, value: string, tail = ""): Promise<unknown> =>
    of(key).tell(`${head} ${Buffer.byteLength(value)}${tail}\r\n${value}`, key);

  return {
    get servers() {
      return client.nodes.length;
    },
    serverOf: of,
    gets: async (key) => of(key).read(key),
    add: async (key, value, exptime) => (await write(`add ${key} 0 ${exptime}`, key, value)) === "STORED",
    async cas(key, value, exptime, cas) {
      const status = await write(`cas ${key} 0 ${exptime}`, key, value, ` ${cas}`);
      return status === "STORED" ? "stored" : status === "EXISTS" ? "exists" : "missing";
    },
    delete: async (key) => (await of(key).tell(`delete ${key}`, key)) === "DELETED",
    async version() {
      if (client.nodes.length === 0) throw unusable("it has no server");
      return Promise.all(client.nodes.map((node) => linkTo(node).tell("version", "sojourn")));
    },
  };
}

/** What the server says to a write, a delete and `version`; of "NOT_STORED" the node makes false. */
const ANSWERS = /^(STORED|EXISTS|NOT_FOUND|DELETED|false|VERSION .+)$/;

/**
 * One node. A connection that was cut within an item leaves the rest of it in the node, and whoever connects it anew
 * gets that for an answer: `reconnect` clears it, `connect` does not. So every exchange has a number in it that must
 * come back, and the answers next to it are believed only then.
 */
class Link {
  readonly #node: MemcacheNode;
  readonly #timeout: number;
  #connecting: Promise<void> | undefined;
  #sent = 0;

  constructor(node: MemcacheNode, timeout: number) {
    this.#node = node;
    this.#timeout = timeout;
  }

  /** A command with an answer of one line. */
  async tell(command: string, key: string): Promise<unknown> {
    await this.#connect();
    const [answer] = await this.#together(this.#command(command), this.#mark(key));
    if (!ANSWERS.test(String(answer))) throw this.#astray();
    return answer;
  }

  async read(key: string): Promise<{ readonly value: string; readonly cas: string } | null> {
    for (;;) {
      await this.#connect();
      const options = { isMultiline: true, requestedKeys: [key] };
      // The number first: when the item changes between the two, it is too old for any write.
      const [found, words] = await this.#together(
        () => this.#node.command(`get ${key}`, options),
        this.#mark(key),
        true,
      );
      const { values = [], foundKeys = [] } = (found ?? {}) as Values;
      if (values.length !== foundKeys.length || foundKeys.some((each) => each !== key)) throw this.#astray();
      const [value] = values;
      if (value === undefined) return null;
      const cas = words.find((word) => /^c\d+$/.test(word))?.slice(1);
      if (cas !== undefined) return { value, cas };
      // It was added between the two.
    }
  }

  #command(command: string): () => Promise<unknown> {
    return () => this.#node.command(command).catch((error: Error) => Promise.reject(refused(error)));
  }

  /** Asks for the number of an item; the answer has to bring back the mark. */
  #mark(key: string): () => Promise<readonly string[]> {
    this.#sent = (this.#sent + 1) % 1e9;
    const mark = `O${this.#sent}`;
    return async () => {
      const words = String(await this.#node.command(`mg ${key} c ${mark}`)).split(" ");
      // Early releases bring nothing back with "nothing there".
      if (!words.includes(mark) && words.join() !== "EN") throw this.#astray();
      return words;
    };
  }

  /** Both go out at once, and nothing is believed unless both are answered. */
  async #together<T, M>(ask: () => Promise<T>, mark: () => Promise<M>, markFirst = false): Promise<readonly [T, M]> {
    const first = markFirst ? mark() : undefined;
    const asked = ask();
    const marked = first ?? mark();
    return this.#within(
      Promise.allSettled([asked, marked]).then(async ([, its]) => {
        if (its.status === "rejected") throw its.reason;
        return [await asked, its.value] as const;
      }),
    );
  }

  async #connect(): Promise<void> {
    if (this.#node.isConnected()) return;
    this.#connecting ??= this.#reconnect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** The old socket first: a node takes its end, when it is told late, for that of the new one. */
  async #reconnect(): Promise<void> {
    const { socket } = this.#node;
    if (socket && !socket.closed) {
      const closed = new Promise<void>((resolve) => socket.once("close", resolve));
      socket.destroy();
      await this.#within(closed);
    }
    await this.#within(this.#node.reconnect());
  }

  /**
   * The node's own limit counts from the last byte in either direction: many writers to a frozen server never meet it.
   */
  #within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(late(this.#timeout));
        this.#node.socket?.destroy();
      }, this.#timeout);
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #astray(): SessionError {
    this.#node.socket?.destroy();
    return new SessionError("SOJOURN_STORE_UNAVAILABLE", "An answer of memcached was not the one that was asked for.");
  }
}

function refused(error: Error): Error {
  return error.message.startsWith("SERVER_ERROR") ? refusal(error.message) : error;
}

function late(timeout: number): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `memcached did not answer within ${timeout} ms ("timeout"). A write may have been applied; it is not repeated.`,
  );
}

function unusable(why: string): SessionError {
  return new SessionError("SOJOURN_INVALID_OPTION", `Option "source": this client of memcache cannot be used: ${why}.`);
}
