/** Sockets that know their session: `ws`, and Socket.IO by WebSocket and by polling. */
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import { connect, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { getSession as getIoSession, ioAllowRequest, ioSession } from "../../src/adapters/socket.io.ts";
import { getSession as getWsSession, wsUpgrade } from "../../src/adapters/ws.ts";
import { type AllSessions, createSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../src/testing/index.ts";
import type { Data } from "../support/adapters.ts";
import { listen } from "../support/sockets.ts";
import { SECRET } from "../support/visitor.ts";

let ORIGIN: string;
let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
let server: HttpServer;
let port: number;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
  server = createServer((_req, res) => res.writeHead(404).end());
  port = await listen(server);
  ORIGIN = `http://127.0.0.1:${port}`;
});

afterEach(async () => {
  store.restore();
  for (const close of closing.splice(0).reverse()) await close();
  server.closeAllConnections();
  server.close();
  await sessions.close();
});

/** The Cookie header of somebody who has just logged in. */
async function cookieOf(userId: string): Promise<string> {
  const answer = await sessions.handle(new Request(`${ORIGIN}/`), async (session) => {
    await session.login(userId);
    return new Response();
  });
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
}

describe("ws", () => {
  beforeEach(() => {
    const wss = new WebSocketServer({ noServer: true });
    server.on("upgrade", wsUpgrade(sessions, wss));
    wss.on("connection", (socket, req) => {
      const session = getWsSession(sessions, req);
      socket.on("message", async () => socket.send(String(await session.update("count", (n = 0) => n + 1))));
      socket.send(session.userId ?? "nobody");
    });
    closing.push(() => wss.close());
  });

  const open = (cookie: string, origin = ORIGIN): WebSocket => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { cookie }, origin });
    closing.push(() => socket.terminate());
    return socket;
  };
  const refusal = async (socket: WebSocket): Promise<number | undefined> => {
    socket.on("error", () => {});
    const [, answer] = (await once(socket, "unexpected-response")) as [unknown, { statusCode?: number }];
    return answer.statusCode;
  };

  it("lets in who is logged in, from a page of the application, and counts", async () => {
    const socket = open(await cookieOf("ann"));
    expect(String((await once(socket, "message"))[0])).toBe("ann");
    socket.send("count");
    expect(String((await once(socket, "message"))[0])).toBe("1");
  });

  it("refuses foreign pages, strangers, and everybody while the store is down", async () => {
    const cookie = await cookieOf("ann");
    expect(await refusal(open(cookie, "http://evil.example"))).toBe(403);
    expect(await refusal(open(""))).toBe(401);
    store.fail("get");
    expect(await refusal(open(cookie))).toBe(503);
  });

  it("closes with 4401 when the session is revoked", async () => {
    const socket = open(await cookieOf("ann"));
    await once(socket, "message");
    await sessions.revokeUser("ann");
    expect((await once(socket, "close"))[0]).toBe(4401);
  });
});

describe("Socket.IO", () => {
  let io: Server;

  beforeEach(() => {
    io = new Server(server, { allowRequest: ioAllowRequest(sessions, () => {}) });
    io.use(ioSession(sessions));
    io.on("connection", (socket) => {
      const session = getIoSession(sessions, socket);
      socket.on("who", (answer) => answer(session.userId, session.data.count));
      socket.on("error", () => {});
    });
    closing.push(() => io.close());
  });

  function join(cookie: string, origin: string | undefined, options: Partial<ManagerOptions & SocketOptions>): Socket {
    const extraHeaders = { cookie, ...(origin && { origin }), "sec-fetch-site": "same-origin" };
    const socket = connect(`http://127.0.0.1:${port}`, { extraHeaders, forceNew: true, ...options });
    closing.push(() => socket.disconnect());
    return socket;
  }
  const outcome = (socket: Socket): Promise<string> =>
    new Promise((resolve) => {
      socket.once("connect", () => resolve("connected"));
      socket.once("connect_error", (error) => {
        resolve((error as { data?: { code?: string } }).data?.code ?? "refused");
        socket.disconnect();
      });
    });

  describe.each(["websocket", "polling"] as const)("by %s", (transport) => {
    const transports = { transports: [transport], reconnectionDelay: 10 };

    it("lets in who is logged in, into a room of that user", async () => {
      const socket = join(await cookieOf("ann"), ORIGIN, transports);
      expect(await outcome(socket)).toBe("connected");
      const heard = new Promise((resolve) => socket.once("news", resolve));
      io.to("user:ann").emit("news", "for ann");
      expect(await heard).toBe("for ann");
    });

    it("refuses foreign pages and strangers", async () => {
      const foreign = { ...transports, extraHeaders: undefined };
      expect(await outcome(join(await cookieOf("ann"), ORIGIN, transports))).toBe("connected");
      expect(await outcome(join("", ORIGIN, transports))).toBe("SOJOURN_NOT_AUTHENTICATED");
      const headers = { cookie: await cookieOf("ann"), origin: "http://evil.example" };
      expect(await outcome(join("", undefined, { ...foreign, extraHeaders: headers }))).toBe("refused");
    });

    it("sees what is stored now at each event", async () => {
      const cookie = await cookieOf("ann");
      const socket = join(cookie, ORIGIN, transports);
      await outcome(socket);
      const request = new Request(`${ORIGIN}/`, { headers: { cookie } });
      await sessions.handle(request, async (session) => {
        session.data.count = 7;
        return new Response();
      });
      expect(await new Promise((resolve) => socket.emit("who", (...all: unknown[]) => resolve(all)))).toEqual([
        "ann",
        7,
      ]);
    });

    it("is closed on revocation so that the client connects again, and is told that it may not", async () => {
      const socket = join(await cookieOf("ann"), ORIGIN, transports);
      await outcome(socket);
      const closed = new Promise((resolve) => socket.once("disconnect", resolve));
      const again = outcome(socket);
      await sessions.revokeUser("ann");
      expect(await closed).not.toBe("io server disconnect");
      expect(await again).toBe("SOJOURN_NOT_AUTHENTICATED");
    });
  });

  it("says to the handler that the store is down, and goes on when it is back", async () => {
    const socket = join(await cookieOf("ann"), ORIGIN, { transports: ["websocket"] });
    await outcome(socket);
    store.fail("get");
    const unanswered = socket
      .timeout(500)
      .emitWithAck("who")
      .catch(() => "no answer");
    expect(await unanswered).toBe("no answer");
    store.restore();
    expect(await socket.emitWithAck("who")).toBe("ann");
  });
});
