/** One memcached, with the store's own client. */
import { connect, type Socket } from "node:net";
import { memcachedStore } from "../../../src/stores/memcached.ts";
import { freeze } from "../../servers/freeze.ts";
import { startMemcached } from "../../servers/memcached.ts";
import { startProxy } from "../../servers/proxy.ts";
import { type Backend, type Fault, pick } from "../backend.ts";
import { networkFaults, repeatedly } from "../network.ts";

/** Files count too, so fewer keep it from starting. */
const MOST_CONNECTIONS = 60;

/** One command past every client. */
function ask(port: number, command: string, end: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let answer = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${command.slice(0, 20)}`)));
    socket.once("connect", () => socket.write(`${command}\r\n`));
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
      if (end.test(answer)) socket.end();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answer));
  });
}

/** `evicting: false` is a server with `-M`, which refuses what does not fit. */
export async function startMemcachedBackend({
  evicting = true,
}: {
  readonly evicting?: boolean;
} = {}): Promise<Backend> {
  const limits = ["-m", "8", "-c", String(MOST_CONNECTIONS)];
  const server = await startMemcached(evicting ? limits : [...limits, "-M"]);
  const proxy = await startProxy(server.port);
  const version = (await ask(server.port, "version", /\n/)).trim().split(" ")[1];
  const taken: Socket[] = [];
  let junk = 0;
  /** Items of the size of a session, so that they are of its class. */
  const fill = async (): Promise<void> => {
    const lines = Array.from({ length: 4_000 }, () => {
      junk += 1;
      const size = 100 + (junk % 12) * 50;
      return `set junk:${junk} 0 ${evicting ? 0 : 30} ${size} noreply\r\n${"x".repeat(size)}`;
    });
    await ask(server.port, `${lines.join("\r\n")}\r\nmn`, /MN\r\n$/);
  };
  const forgets = {
    permits: ["lost-session", "lost-write"] as const,
    because:
      "a cache: a restart empties it, and a server that is short of memory forgets what was used the longest ago",
  };
  const filling = repeatedly(fill, 50);

  const faults: Record<string, Fault> = {
    kill: { begin: () => server.kill(), end: () => server.restart(), fails: true, ...forgets },
    freeze: { begin: () => freeze(server), end: () => server.resume(), fails: true },
    ...networkFaults([proxy], /^(?:ms|md|mg|cas|add|delete)/m),
    "out-of-memory": evicting
      ? { ...filling, fails: false, ...forgets }
      : {
          begin: filling.begin,
          async end() {
            await filling.end();
            for (let at = junk; at > 0; at -= 4_000) {
              const keys = Array.from(
                { length: Math.min(4_000, at) },
                (_, index) => `delete junk:${at - index} noreply`,
              );
              await ask(server.port, `${keys.join("\r\n")}\r\nmn`, /MN\r\n$/);
            }
          },
          fails: true,
        },
    "out-of-connections": {
      async begin() {
        proxy.refuse();
        proxy.cut();
        for (let count = 0; count < MOST_CONNECTIONS * 2; count += 1) {
          const socket = connect({ port: server.port, host: "127.0.0.1" });
          socket.on("error", () => {});
          taken.push(socket);
          await new Promise((resolve) => socket.once("connect", resolve));
        }
        proxy.heal();
      },
      end() {
        for (const socket of taken.splice(0)) socket.destroy();
      },
      fails: true,
    },
  };

  return {
    name: evicting ? "memcached" : "memcached-M",
    server: `memcached ${version}${evicting ? "" : " -M"}`,
    promise: `one server, \`-m 8${evicting ? "" : " -M"}\`: a restart loses everything${evicting ? ", and short memory some" : ""}`,
    async open(_process, clock) {
      const store = memcachedStore(`memcached://127.0.0.1:${proxy.port}`, { clock });
      return { store, close: () => store.close() };
    },
    faults: evicting ? faults : pick(faults, "out-of-memory"),
    async connections() {
      const stats = await ask(server.port, "stats", /END\r\n$/);
      // Without the one that asks, and the two that it counts for itself.
      return Number(/curr_connections (\d+)/.exec(stats)?.[1]) - 1;
    },
    async close() {
      for (const socket of taken) socket.destroy();
      await proxy.close();
      await server.close();
    },
  };
}
