import { SessionError } from "../../errors.ts";
import type { MemcachedClient } from "./client.ts";

/** The part of a node of the package `memcache` that is used. */
export interface MemcacheNode {
  isConnected(): boolean;
  reconnect(): Promise<void>;
  disconnect(): Promise<void>;
  readonly hasSaslCredentials: boolean;
  command(command: string, options?: { isMultiline?: boolean; requestedKeys?: string[] }): Promise<unknown>;
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
 * Speaks to the servers through the nodes of a `Memcache`, in meta commands of one line each (memcached 1.6 and later).
 * Its own verbs cannot be used: `get` answers with nothing when the server is down, `gets` keeps the number to itself, and
 * `cas` says false for "changed", "gone" and "down" alike.
 *
 * Every command carries a number that the answer must bring back. A connection that was cut within an item leaves
 * the rest of it in the node, and whoever connects it anew gets that for an answer; `reconnect` clears it, `connect` does not.
 */
export function viaMemcache(client: Memcache, timeout: number): MemcachedClient {
  const connecting = new WeakMap<MemcacheNode, Promise<void>>();
  let sent = 0;

  const nodeOf = async (key: string): Promise<MemcacheNode> => {
    const [node, ...others] = client.hash.getNodesByKey(key);
    if (node === undefined || others.length > 0) {
      throw unusable("a compare-and-set is only one on exactly one server for each key, found none or several");
    }
    if (node.hasSaslCredentials) throw unusable("memcache speaks another protocol with SASL; put the user into a URL");
    if (!node.isConnected()) await connect(node);
    return node;
  };
  const connect = (node: MemcacheNode): Promise<void> => {
    const known = connecting.get(node);
    if (known) return known;
    const fresh = within(timeout, node, node.reconnect()).finally(() => connecting.delete(node));
    connecting.set(node, fresh);
    return fresh;
  };

  /** A command of one line, and what its answer says after the mark. */
  const meta = async (node: MemcacheNode, head: string, value?: string): Promise<readonly string[]> => {
    sent = (sent + 1) % 1e9;
    const mark = `O${sent}`;
    const command = value === undefined ? `${head} ${mark}` : `${head} ${mark}\r\n${value}`;
    const words = String(await within(timeout, node, node.command(command))).split(" ");
    // "EN", nothing there, is the one answer that brings nothing back.
    if (words[0] !== "EN" && !words.includes(mark)) throw await astray(node);
    return words;
  };
  const set = async (key: string, value: string, exptime: number, flags: string): Promise<string | undefined> => {
    const [status] = await meta(await nodeOf(key), `ms ${key} ${Buffer.byteLength(value)} T${exptime} ${flags}`, value);
    return status;
  };

  return {
    async gets(key) {
      const node = await nodeOf(key);
      for (;;) {
        // The number first: when the item changes between the two, it is too old for any write.
        const [words, found] = await Promise.all([
          meta(node, `mg ${key} c`),
          within(timeout, node, node.command(`get ${key}`, { isMultiline: true, requestedKeys: [key] })),
        ]);
        const { values = [], foundKeys = [] } = (found ?? {}) as Values;
        if (values.length !== foundKeys.length || foundKeys.some((each) => each !== key)) throw await astray(node);
        const [value] = values;
        if (value === undefined) return null;
        const cas = words.find((word) => /^c\d+$/.test(word))?.slice(1);
        if (cas !== undefined) return { value, cas };
        // It was added between the two.
      }
    },
    add: async (key, value, exptime) => (await set(key, value, exptime, "ME")) === "HD",
    async cas(key, value, exptime, cas) {
      const status = await set(key, value, exptime, `C${cas}`);
      return status === "HD" ? "stored" : status === "EX" ? "exists" : "missing";
    },
    delete: async (key) => (await meta(await nodeOf(key), `md ${key}`))[0] === "HD",
    version: () =>
      Promise.all(
        client.nodes.map(async (node) => {
          if (!node.isConnected()) await connect(node);
          const answer = String(await within(timeout, node, node.command("version")));
          if (!answer.startsWith("VERSION ")) throw await astray(node);
        }),
      ),
  };
}

/** The node's own limit counts from the last byte in either direction, so a frozen server with many writers never meets it. */
function within<T>(timeout: number, node: MemcacheNode, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new SessionError("SOJOURN_STORE_UNAVAILABLE", `memcached did not answer within ${timeout} ms ("timeout").`),
      );
      node.disconnect().catch(() => {});
    }, timeout);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function astray(node: MemcacheNode): Promise<SessionError> {
  await node.disconnect();
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", "An answer of memcached was not the one that was asked for.");
}

function unusable(why: string): SessionError {
  return new SessionError("SOJOURN_INVALID_OPTION", `Option "source": this client of memcache cannot be used: ${why}.`);
}
