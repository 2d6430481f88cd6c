/** A TCP proxy between a client and a server that behaves as bad networks do. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Proxy {
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Milliseconds that every piece waits, in each direction; 0 is none. */
  delay(milliseconds: number): void;
  /** Cuts what is open, with a reset. New connections are taken as before. */
  cut(): void;
  /** Refuses new connections (they are closed at once) until `heal`. */
  refuse(): void;
  /**
   * Takes everything and passes nothing on, in either direction, until `heal`, not even that an end was closed: what is sent
   * meanwhile is lost, and its connection is cut by `heal`.
   */
  blackHole(): void;
  /**
   * Nothing passes any more over the connections that are open now, and neither end is told, not even when the other closes: as
   * when a load balancer forgets them. New ones are taken as before.
   */
  silence(): void;
  /**
   * Passes on the next request of every connection, which `matches` it when given, and throws the answer
   * away: the server has applied what the client is never told. The connection is cut when the answer
   * comes, or with `silently` stays open with nothing coming back, until `heal`. Resolves when an answer was thrown away.
   */
  dropAnswer(options?: {
    readonly matches?: RegExp | undefined;
    readonly silently?: boolean | undefined;
  }): Promise<void>;
  /** Back to passing everything on. */
  heal(): void;
  close(): Promise<void>;
}

type Mode = "pass" | "refuse" | "black-hole";

interface Drop {
  readonly matches: RegExp | undefined;
  readonly silently: boolean;
  readonly dropped: () => void;
}

/** One connection through the proxy. */
interface Line {
  readonly client: Socket;
  readonly server: Socket;
  /** Pieces that are held back, in order. */
  readonly toClient: Buffer[];
  readonly toServer: Buffer[];
  /** Nothing passes from the server any more. */
  muted: boolean;
  /** Forgotten: nothing passes in either direction, for ever. */
  silent: boolean;
  /** Something was swallowed: the stream has a hole, and cannot go on. */
  torn: boolean;
  drop: Drop | undefined;
}

/** Starts a proxy to a port of this machine, on a free one. */
export async function startProxy(target: number): Promise<Proxy> {
  let mode: Mode = "pass";
  let lag = 0;
  let drop: Drop | undefined;
  const lines = new Set<Line>();

  const end = (line: Line): void => {
    lines.delete(line);
    line.client.resetAndDestroy();
    line.server.destroy();
  };
  const later = (line: Line, to: Socket, bytes: Buffer): void => {
    const waiting = to === line.client ? line.toClient : line.toServer;
    // What waits already goes first, or the stream would be out of order when the delay ends.
    if (lag === 0 && waiting.length === 0) {
      to.write(bytes);
      return;
    }
    waiting.push(bytes);
    setTimeout(() => {
      const next = waiting.shift();
      if (next && lines.has(line)) to.write(next);
    }, lag);
  };

  const onRequest = (line: Line, bytes: Buffer): void => {
    if (line.silent) return;
    if (mode === "black-hole") {
      line.torn = true;
      return;
    }
    if (drop !== undefined && (drop.matches?.test(bytes.toString("latin1")) ?? true)) {
      line.drop = drop;
      drop = undefined;
    }
    later(line, line.server, bytes);
  };
  const onAnswer = (line: Line, bytes: Buffer): void => {
    if (line.silent) return;
    if (line.drop !== undefined) {
      const { silently, dropped } = line.drop;
      line.drop = undefined;
      line.torn = true;
      line.muted = true;
      if (!silently) end(line);
      dropped();
      return;
    }
    if (mode === "black-hole") line.torn = true;
    if (mode === "black-hole" || line.muted) return;
    later(line, line.client, bytes);
  };

  const listener = createServer((client) => {
    if (mode === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: target, host: "127.0.0.1" });
    const line: Line = {
      client,
      server,
      toClient: [],
      toServer: [],
      muted: false,
      silent: false,
      torn: false,
      drop: undefined,
    };
    lines.add(line);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on("data", (bytes: Buffer) => onRequest(line, bytes));
    server.on("data", (bytes: Buffer) => onAnswer(line, bytes));
    const over = (): void => {
      if (line.silent) return;
      // A network that passes nothing on does not tell either that the other end has gone.
      if (mode === "black-hole" && lines.has(line)) line.torn = true;
      else end(line);
    };
    for (const socket of [client, server]) {
      socket.on("error", over);
      socket.on("close", over);
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));

  return {
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return lines.size;
    },
    delay(milliseconds) {
      lag = milliseconds;
    },
    cut() {
      for (const line of lines) end(line);
    },
    refuse() {
      mode = "refuse";
    },
    blackHole() {
      mode = "black-hole";
    },
    silence() {
      for (const line of lines) line.silent = true;
    },
    dropAnswer: ({ matches, silently = false } = {}) =>
      new Promise((resolve) => {
        drop = { matches, silently, dropped: resolve };
      }),
    heal() {
      mode = "pass";
      lag = 0;
      drop = undefined;
      for (const line of lines) if (line.torn) end(line);
    },
    async close() {
      for (const line of lines) end(line);
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
