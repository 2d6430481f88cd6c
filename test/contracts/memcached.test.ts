import { Memcache } from "memcache";
import { afterAll } from "vitest";
import { memcachedStore } from "../../src/stores/memcached.ts";
import { startMemcached } from "../servers/memcached.ts";
import { contract } from "../support/contract.ts";

const servers = [await startMemcached(), await startMemcached()] as const;
const urls = servers.map((server) => server.url.slice("memcached://".length));
const client = new Memcache({ nodes: [urls[0] as string] });
afterAll(async () => {
  await client.disconnect();
  await Promise.all(servers.map((server) => server.close()));
});

// "Durable" only in that a record outlives the store object: what the server had is gone when it ends.
await contract({
  handles: "shared",
  durable: true,
  histories: 15,
  open: ({ clock, name }) => memcachedStore(`memcached://${urls.join(",")}`, { clock, prefix: `${name}:` }),
});

await contract({
  title: "by way of the package memcache",
  handles: "shared",
  durable: true,
  histories: 15,
  open: ({ clock, name }) => memcachedStore(client, { clock, prefix: `${name}:` }),
});
