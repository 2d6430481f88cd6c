/** WebSocket handshakes, by hand, over real sockets. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openUpgrade } from "../../../src/adapters/node.ts";
import { type AllSessions, createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { listen, Wire } from "../../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
let server: Server;
let port: number;
let client: Client;
let opened: (Session<Data> | undefined)[];

beforeEach(async () => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
  opened = [];
  client = new Client((request) =>
    sessions.handle(request, async (session) => {
      await session.login("ann");
      return new Response();
    }),
  );
  server = createServer();
  server.on("upgrade", async (req, socket) => {
    const session = await openUpgrade(sessions, req, socket);
    opened.push(session);
    if (!session) return;
    if (!session.userId) return socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
    session.signal.addEventListener("abort", () => socket.end());
    const accept = createHash("sha1")
      .update(req.headers["sec-websocket-key"] + GUID)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    // As a WebSocket library does: who does not read does not see the end.
    return socket.on("end", () => socket.end()).resume();
  });
  port = await listen(server);
});

afterEach(async () => {
  store.restore();
  server.closeAllConnections();
  server.close();
  await sessions.close();
});

function handshake(headers: Record<string, string>): Wire {
  const wire = new Wire(port);
  const fixed = {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  wire.send("/socket", { headers: { ...fixed, ...headers } });
  return wire;
}

describe("openUpgrade()", () => {
  it("gives the session of a handshake from a page of the application, and its end closes the socket", async () => {
    await client.fetch("/", { method: "POST" });
    const wire = handshake({ origin: "https://app.example", cookie: await client.cookies() });
    await wire.until(/101 Switching Protocols[\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    expect(opened[0]?.userId).toBe("ann");
    await sessions.revokeUser("ann");
    await wire.until("closed");
  });

  it("lets go of the signal when the socket closes", async () => {
    await client.fetch("/", { method: "POST" });
    const wire = handshake({ origin: "https://app.example", cookie: await client.cookies() });
    await wire.until(/101/);
    expect(opened[0]?.listening).toBe(true);
    wire.close();
    await expect.poll(() => opened[0]?.listening).toBe(false);
  });

  for (const [name, headers] of Object.entries<Record<string, string>>({
    "another site": { origin: "https://evil.example" },
    "a sibling subdomain": { origin: "https://sub.app.example" },
    "another port": { origin: "https://app.example:444" },
    "a look-alike": { origin: "https://app.example.evil" },
    "an opaque origin": { origin: "null" },
    nowhere: {},
    "fetch metadata alone": { "sec-fetch-site": "same-origin" },
  })) {
    it(`refuses a handshake from ${name}, without a look at the store`, async () => {
      await client.fetch("/", { method: "POST" });
      store.resetCalls();
      const wire = handshake({ cookie: await client.cookies(), ...headers });
      expect(await wire.until("closed")).toMatch(/^HTTP\/1\.1 403 Forbidden/);
      expect([opened, store.total]).toEqual([[undefined], 0]);
    });
  }

  it("gives an anonymous session to who has none", async () => {
    const wire = handshake({ origin: "https://app.example" });
    expect(await wire.until("closed")).toMatch(/^HTTP\/1\.1 401/);
    expect([opened[0]?.isNew, store.total]).toEqual([true, 0]);
  });

  it("answers 503 while the store is down", async () => {
    await client.fetch("/", { method: "POST" });
    store.fail("get");
    const wire = handshake({ origin: "https://app.example", cookie: await client.cookies() });
    expect(await wire.until("closed")).toMatch(/^HTTP\/1\.1 503 Service unavailable\r\n[\s\S]*retry-after: 1/);
  });

  it("survives a client that leaves at once", async () => {
    await client.fetch("/", { method: "POST" });
    const held = store.hold("get");
    const wire = handshake({ origin: "https://app.example", cookie: await client.cookies() });
    await held.reached;
    wire.socket.resetAndDestroy();
    await wire.until("closed");
    for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
    held.release();
    await expect.poll(() => opened).toEqual([undefined]);
  });

  it("allows exact updates, and refuses what needs a response", async () => {
    await client.fetch("/", { method: "POST" });
    const wire = handshake({ origin: "https://app.example", cookie: await client.cookies() });
    await wire.until(/101/);
    const session = opened[0] as Session<Data>;
    expect(await session.update("count", (n = 0) => n + 1)).toBe(1);
    await expect(session.login("bob")).rejects.toMatchObject({ code: "SOJOURN_READ_ONLY" });
    expect(() => {
      session.data.count = 5;
    }).toThrow(expect.objectContaining({ code: "SOJOURN_READ_ONLY" }));
    wire.close();
  });
});
