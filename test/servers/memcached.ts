/** A memcached for tests. */
import { connect } from "node:net";
import { type Place, startServer, type TestServer } from "./process.ts";

export interface MemcachedServer extends TestServer {
  readonly url: string;
}

/** Whether it answers a command: it accepts connections before it can. */
function answers({ port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.setTimeout(1000, () => socket.destroy());
    socket.once("connect", () => socket.write("mn\r\n"));
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

/** Starts one in some 0.1 s. `args` go on its command line: `["-m", "1"]`. */
export async function startMemcached(
  args: readonly string[] = [],
  files: (place: Place) => readonly string[] = () => [],
): Promise<MemcachedServer> {
  const server = await startServer({
    name: "memcached",
    command: "memcached",
    // As root it insists on being told who to be.
    args: (place) => [
      ...["-u", "root", "-l", "127.0.0.1", "-p", String(place.port), "-U", "0"],
      ...args,
      ...files(place),
    ],
    ready: answers,
  });
  return Object.defineProperty(server, "url", { get: () => `memcached://127.0.0.1:${server.port}` }) as MemcachedServer;
}
