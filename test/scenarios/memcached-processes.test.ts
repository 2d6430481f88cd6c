/** Four processes over two Memcached servers. */
import { afterAll } from "vitest";
import { startMemcached } from "../servers/memcached.ts";
import { acrossProcesses } from "../support/processes/suite.ts";

const servers = await Promise.all([startMemcached(), startMemcached()]);
afterAll(() => Promise.all(servers.map((server) => server.close())));
const url = `memcached://${servers.map((server) => server.url.slice("memcached://".length)).join(",")}`;

acrossProcesses({
  memcached: { at: (name) => ({ kind: "memcached", url, prefix: `${name}:` }), users: false },
});
