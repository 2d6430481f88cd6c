/** A memcached, a network in front of it that can be hurt, and stores over both with a prefix for each test. */
import { connect } from "node:net";
import { Memcache } from "memcache";
import { afterAll, afterEach, beforeEach } from "vitest";
import type { MemcachedClient, MemcachedStore } from "../../../src/stores/memcached.ts";
import { memcachedStore } from "../../../src/stores/memcached.ts";
import { startMemcached } from "../../servers/memcached.ts";
import { startProxy } from "../../servers/proxy.ts";
import { recordsAt } from "../../support/records.ts";

export const server = await startMemcached();
export const proxy = await startProxy(server.port);
export const proxied = `memcached://127.0.0.1:${proxy.port}`;
export const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await proxy.close();
  await server.close();
});

let prefixes = 0;
/** Another for every test. */
export let prefix = "";
beforeEach(() => {
  prefixes += 1;
  prefix = `t${prefixes}:`;
});

export function open(source: string | MemcachedClient | Memcache = server.url, timeout = 1000): MemcachedStore {
  const store = memcachedStore(source, { prefix, timeout });
  ends.push(() => store.close());
  return store;
}

/** A client of the package memcache for one server. */
export function memcache(url: string): Memcache {
  const client = new Memcache({ nodes: [url.slice("memcached://".length)] });
  client.on("error", () => {});
  ends.push(() => client.disconnect());
  return client;
}

export const record = recordsAt(Date.now);

/** One line of the protocol, past every client. */
export function raw(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString("utf8").trimEnd());
    });
    socket.once("error", reject);
  });
}
