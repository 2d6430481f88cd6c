/** The application on a port, and its end: nobody is cut off, and nobody is waited for forever. */
import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createApp } from "./app.ts";
import { localCertificate } from "./certificate.ts";
import { openSessions } from "./sessions.ts";
import type { Settings } from "./settings.ts";
import { seedUsers, type Users } from "./users.ts";

/** How long requests that are under way may take when the server is told to end. */
const GRACE_MS = 5_000;

export interface Demo {
  readonly url: string;
  close(): Promise<void>;
}

export interface DemoOptions {
  /** Default: the two that are seeded. */
  readonly users?: Users | undefined;
  /** Milliseconds since the epoch, for the limits on tries and the times on the pages. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

export async function startDemo(settings: Settings, options: DemoOptions = {}): Promise<Demo> {
  const { users = await seedUsers(), clock = Date.now } = options;
  const { sessions, devices, close } = await openSessions(settings);
  const closing = new AbortController();
  const app = createApp({ sessions, devices, users, clock, closing: closing.signal });
  const server: Server = settings.https ? createHttpsServer(await localCertificate(), app) : createHttpServer(app);
  try {
    server.listen(settings.port, settings.host);
    await once(server, "listening");
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;

  return {
    url: `${settings.https ? "https" : "http"}://localhost:${port}`,
    async close() {
      closing.abort();
      const closed = once(server, "close");
      server.close();
      const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(impatience);
      // Last: the requests that have just ended were still using it.
      await close();
    },
  };
}
