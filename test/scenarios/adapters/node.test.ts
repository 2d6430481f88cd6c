/** What is particular to Node's own servers: HTTP/2, clients that leave, handlers that throw late, several openings. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type ClientHttp2Stream, connect, createServer as createHttp2Server, type Http2Server } from "node:http2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NodeOptions, openSession, withSession } from "../../../src/adapters/node.ts";
import { type AllSessions, createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { exchange, listen, overHttp, Wire } from "../../support/sockets.ts";
import { codeOf } from "../../support/visitor.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
const servers: (Server | Http2Server)[] = [];

beforeEach(() => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store, storeTimeout: "20s" });
});

afterEach(async () => {
  store.restore();
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
  await sessions.close();
});

async function serve(
  handler: (
    session: Session<Data>,
    res: import("node:http").ServerResponse,
    req: import("node:http").IncomingMessage,
  ) => unknown,
  options: NodeOptions<import("node:http").IncomingMessage> = {},
): Promise<number> {
  const server = createServer(withSession(sessions, (req, res, session) => handler(session, res, req), options));
  servers.push(server);
  return listen(server);
}

describe("a client that leaves", () => {
  it("leaves nothing behind when the handler gives up, but what the verbs have done", async () => {
    let left: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => {
      left = resolve;
    });
    let seen: Session<Data> | undefined;
    const port = await serve(async (session, res) => {
      seen = session;
      session.data.count = 1;
      expect(session.signal.aborted).toBe(false);
      await once(res, "close");
      left?.();
    });
    const wire = new Wire(port);
    wire.send("/");
    await expect.poll(() => seen?.listening).toBe(true);
    wire.close();
    await closed;
    expect([store.total, seen?.listening]).toEqual([0, false]);
  });

  it("while a commit is under way does not undo it", async () => {
    const port = await serve((session, res) => {
      session.data.count = 1;
      res.end("x");
    });
    const held = store.hold("create");
    const wire = new Wire(port);
    wire.send("/");
    await held.reached;
    wire.close();
    held.release();
    await expect.poll(async () => (await sessions.listAll()).items.length).toBe(1);
  });
});

describe("a handler that throws", () => {
  it("late cuts the connection, so that half an answer does not look whole", async () => {
    const errors: unknown[] = [];
    const port = await serve(
      async (_session, res) => {
        res.write("half");
        await new Promise(setImmediate);
        throw new Error("late");
      },
      { onError: (error) => errors.push(error) },
    );
    const wire = new Wire(port);
    wire.send("/");
    expect(await wire.until("closed")).not.toMatch(/0\r\n\r\n$/);
    expect(errors).toMatchObject([{ message: "late" }]);
  });

  it("after it has answered is reported, and the answer stands", async () => {
    const errors: unknown[] = [];
    const port = await serve(
      (session, res) => {
        session.data.count = 1;
        res.end("whole");
        throw new Error("late");
      },
      { onError: (error) => errors.push(error) },
    );
    expect(await exchange(port, "/")).toMatch(/200 OK[\s\S]*set-cookie[\s\S]*whole$/i);
    expect(errors).toHaveLength(1);
  });

  it("a Sojourn error is answered with its status", async () => {
    const port = await serve((session) => session.requireFresh("10m"), { onError: () => {} });
    expect(await exchange(port, "/")).toMatch(/^HTTP\/1\.1 401 Unauthorized[\s\S]*Unauthorized\n$/);
  });
});

describe("openSession", () => {
  it("opens once, however often and by whomever it is asked for", async () => {
    let same: boolean | undefined;
    const server = createServer(async (req, res) => {
      const [one, two] = await Promise.all([openSession(sessions, req, res), openSession(sessions, req, res)]);
      const three = await openSession(sessions, req, res);
      if (!one) return;
      same = one === two && two === three;
      one.data.count = 1;
      res.end("x");
    });
    servers.push(server);
    const received = await exchange(await listen(server), "/");
    expect([same, received.match(/set-cookie/gi)?.length, store.total]).toEqual([true, 1, 1]);
  });

  it("answers a refused request once, and gives nobody a session", async () => {
    const found: unknown[] = [];
    const server = createServer(async (req, res) => {
      found.push(...(await Promise.all([openSession(sessions, req, res), openSession(sessions, req, res)])));
    });
    servers.push(server);
    const received = await exchange(await listen(server), "/", {
      method: "POST",
      headers: { "sec-fetch-site": "cross-site" },
    });
    expect(received).toMatch(/^HTTP\/1\.1 403/);
    expect(found).toEqual([undefined, undefined]);
  });

  it("after the head is out refuses what the client could not be told of", async () => {
    const codes: (string | undefined)[] = [];
    const server = createServer(async (req, res) => {
      res.write("begun");
      const session = await openSession(sessions, req, res, { onError: () => {} });
      if (!session) return;
      codes.push(await codeOf(() => session.login("ann")));
      codes.push(await codeOf(() => (session.data.count = 1)));
      res.end();
    });
    servers.push(server);
    const port = await listen(server);
    expect(await exchange(port, "/")).toMatch(/begun/);
    expect(codes).toEqual(["SOJOURN_COMMITTED", "SOJOURN_COMMITTED"]);
    const forged = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
    expect(await exchange(port, "/", forged)).not.toMatch(/\r\n0\r\n/);
    expect(store.total).toBe(0);
  });

  it("records the address that it is given, or the other end of the connection", async () => {
    const login = (session: Session<Data>, res: import("node:http").ServerResponse): Promise<void> =>
      session.login("ann").then(() => void res.end(session.device?.network));
    const plain = await serve(login);
    const behind = await serve(login, { address: (req) => req.headers["x-real-ip"] as string });
    expect(await exchange(plain, "/")).toContain("127.0.0");
    expect(await exchange(behind, "/", { headers: { "x-real-ip": "198.51.100.7" } })).toContain("198.51.100");
  });

  it("lets early hints pass, and holds the rest back", async () => {
    const port = await serve((session, res) => {
      session.data.count = 1;
      res.writeEarlyHints({ link: "</a.css>; rel=preload" });
      res.end("x");
    });
    const held = store.hold("create");
    const wire = new Wire(port);
    wire.send("/", { headers: { connection: "close" } });
    await held.reached;
    await wire.until(/103 Early Hints/);
    expect(wire.received).not.toMatch(/200|set-cookie/i);
    held.release();
    expect(await wire.until("closed")).toMatch(/200 OK[\s\S]*set-cookie/i);
  });
});

describe("HTTP/2", () => {
  async function request(
    application: (session: Session<Data>, res: import("node:http2").Http2ServerResponse) => unknown,
    headers: object = {},
  ) {
    const server = createHttp2Server();
    server.on(
      "request",
      withSession<Data, import("node:http2").Http2ServerRequest, import("node:http2").Http2ServerResponse>(
        sessions,
        (_req, res, session) => application(session, res),
        { onError: () => {} },
      ),
    );
    servers.push(server);
    const http2 = connect(`http://127.0.0.1:${await listen(server)}`);
    const stream = http2.request({ ":path": "/", ":authority": "app.example", ...headers });
    return { http2, stream };
  }

  async function answerOf(stream: ClientHttp2Stream): Promise<{ headers: Record<string, unknown>; body: string }> {
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    let body = "";
    for await (const chunk of stream) body += String(chunk);
    return { headers, body };
  }

  it("sends hints, head and body in order, with the cookie", async () => {
    const { http2, stream } = await request((session, res) => {
      session.data.count = 1;
      res.writeEarlyHints({ link: "</a.css>; rel=preload" });
      res.writeHead(201, { "set-cookie": ["app=1"] });
      res.write("a");
      res.end("b");
    });
    const hints = once(stream, "headers") as Promise<[Record<string, unknown>]>;
    const { headers, body } = await answerOf(stream);
    expect((await hints)[0]).toMatchObject({ ":status": 103 });
    expect([headers[":status"], body]).toEqual([201, "ab"]);
    expect(headers["set-cookie"]).toEqual(["app=1", expect.stringMatching(/^__Host-.*session=/)]);
    http2.close();
  });

  it("answers HEAD, and an error to HEAD", async () => {
    for (const bad of [false, true]) {
      const { http2, stream } = await request(
        (session, res) => {
          session.data.value = bad ? () => {} : 1;
          res.end("body");
        },
        { ":method": "HEAD" },
      );
      const { headers, body } = await answerOf(stream);
      expect([headers[":status"], body]).toEqual([bad ? 500 : 200, ""]);
      http2.close();
    }
  });

  it("lets nothing leave when the commit fails", async () => {
    const { http2, stream } = await request((session, res) => {
      session.data.bad = () => {};
      res.setHeader("x-secret", "1");
      res.write("secret");
      res.end();
    });
    const { headers, body } = await answerOf(stream);
    expect([headers[":status"], headers["x-secret"], headers["content-length"], body]).toEqual([
      500,
      undefined,
      "22",
      "Internal server error\n",
    ]);
    http2.close();
  });

  it("survives a client that cancels while the commit is under way", async () => {
    const held = store.hold("create");
    const { http2, stream } = await request((session, res) => {
      session.data.count = 1;
      res.write("a");
      res.end("b");
    });
    stream.on("error", () => {});
    await held.reached;
    stream.close();
    await once(stream, "close");
    held.release();
    await expect.poll(async () => (await sessions.listAll()).items.length).toBe(1);
    http2.close();
  });
});

describe("a counting client", () => {
  it("may keep one connection for everything", async () => {
    const port = await serve((session, res) => {
      session.data.count = (session.data.count ?? 0) + 1;
      res.end(String(session.data.count));
    });
    const client = new Client(overHttp(port));
    for (let count = 1; count <= 5; count++) expect(await (await client.fetch()).text()).toBe(String(count));
  });
});
