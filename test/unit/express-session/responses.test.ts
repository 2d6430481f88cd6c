/** Every way in which an answer can be written, over HTTP/1 and HTTP/2. */
import { once } from "node:events";
import { connect, createServer } from "node:http2";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import session from "sojourn/express-session";
import { describe, expect, onTestFinished, test } from "vitest";
import { MapStore } from "../../support/map-store.ts";
import { listen } from "../../support/sockets.ts";
import { type Call, type Handle, site } from "../../support/wire.ts";

const basics = { secret: "kept elsewhere", resave: false, saveUninitialized: false };

const touch = (req: Call): void => {
  req.session.count = Number(req.session.count ?? 0) + 1;
};

/** Each answers "hello", and says in `done` that its callbacks were called. */
const ways: Readonly<Record<string, (res: import("node:http").ServerResponse, done: () => void) => unknown>> = {
  "end(chunk)": (res, done) => [res.end("hello"), done()],
  "end(chunk, callback)": (res, done) => res.end("hello", done),
  "end(chunk, encoding, callback)": (res, done) => res.end("aGVsbG8=", "base64", done),
  "end(callback)": (res, done) => [res.write("hello"), res.end(done)],
  "end(buffer)": (res, done) => [res.end(Buffer.from("hello")), done()],
  "end(Uint8Array)": (res, done) => [res.end(new TextEncoder().encode("hello")), done()],
  "write(chunk), end()": (res, done) => [res.write("hello"), res.end(), done()],
  "write(chunk, callback)": (res, done) => res.write("hello", () => [res.end(), done()]),
  "write(chunk, encoding, callback)": (res, done) => res.write("68656c6c6f", "hex", () => [res.end(), done()]),
  "writeHead(status)": (res, done) => [res.writeHead(200).end("hello"), done()],
  "writeHead(status, headers)": (res, done) => [
    res.writeHead(200, { "x-own": "1", "set-cookie": "own=1" }).end("hello"),
    done(),
  ],
  "writeHead(status, list)": (res, done) => [
    res.writeHead(200, ["x-own", "1", "set-cookie", "own=1"]),
    res.end("hello"),
    done(),
  ],
  "writeHead(status, reason, headers)": (res, done) => [
    res.writeHead(200, "Fine", { "content-length": "5" }),
    res.end("hello"),
    done(),
  ],
  "content-length": (res, done) => [res.setHeader("content-length", 5), res.write("he"), res.end("llo"), done()],
  "flushHeaders()": (res, done) => [res.flushHeaders(), res.end("hello"), done()],
  "a pipe": async (res, done) => [await pipeline(Readable.from(["hel", "lo"]), res), done()],
};

test.each(Object.entries(ways))("HTTP/1: %s", async (_, way) => {
  const store = new MapStore();
  let done = 0;
  const { client } = await site(session({ ...basics, store }), {
    "/": (req, res) => {
      touch(req);
      return way(res, () => {
        done += 1;
      });
    },
  });
  const ann = client();
  const seen = await ann.get("/");
  expect(seen).toMatchObject({ status: 200, body: "hello", broken: false });
  expect(seen.setCookie.at(-1)).toMatch(/^connect\.sid=s%3A/);
  ann.cookie = String(seen.setCookie.at(-1)).split(";", 1)[0] ?? "";
  const { sid } = ann;
  expect((await ann.get("/")).body).toBe("hello");
  expect(store.data(sid)).toEqual({ count: 2 });
  expect(done).toBe(2);
});

test.each(Object.entries(ways).filter(([name]) => !/list|reason/.test(name)))("HTTP/2: %s", async (_, way) => {
  const store = new MapStore();
  const handle = session({ ...basics, store }) as unknown as Handle;
  const server = createServer((req, res) => {
    handle(req as never, res as never, () => {
      touch(req as unknown as Call);
      void way(res as never, () => undefined);
    });
  });
  const connection = connect(`http://127.0.0.1:${await listen(server)}`);
  onTestFinished(() => {
    connection.close();
    server.close();
  });
  const get = async (cookie?: string) => {
    const stream = connection.request({ ":path": "/", ...(cookie ? { cookie } : {}) });
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    let body = "";
    for await (const chunk of stream) body += chunk;
    return { lines: [headers["set-cookie"] ?? []].flat() as string[], body };
  };
  const { lines, body } = await get();
  expect(body).toBe("hello");
  const cookie = String(lines.at(-1)).split(";", 1)[0];
  expect(cookie).toMatch(/^connect\.sid=s%3A/);
  await get(cookie);
  expect([...store.rows.values()].map((text) => JSON.parse(text).count)).toEqual([2]);
});

describe("what is changed while the answer is on its way", () => {
  const late: Handle = (req, res) => {
    req.session.early = 1;
    res.write("a");
    req.session.late = 1;
    res.end("b");
  };

  test("is stored before the answer is complete", async () => {
    const store = new MapStore();
    const { client } = await site(session({ ...basics, store }), { "/": late });
    const ann = client();
    expect(await ann.get("/")).toMatchObject({ body: "ab", broken: false });
    expect(store.data(ann.sid)).toEqual({ early: 1, late: 1 });
  });

  test("breaks the answer off when it cannot be stored", async () => {
    const store = new MapStore();
    const { client } = await site(session({ ...basics, store }), {
      "/": (req, res) => {
        req.session.early = 1;
        res.write("a", () => {
          store.meddle = () => Promise.reject(new Error("away"));
          req.session.late = 1;
          res.end("b");
        });
      },
    });
    expect(await client().get("/")).toMatchObject({ status: 200, broken: true });
    expect([...store.rows.values()].map((text) => JSON.parse(text).late)).toEqual([undefined]);
  });

  test("and after the end is not", async () => {
    const store = new MapStore();
    const { client } = await site(session({ ...basics, store }), {
      "/": (req, res) => {
        req.session.early = 1;
        res.end("a");
        (req.session as { after?: number }).after = 1;
      },
    });
    const ann = client();
    await ann.get("/");
    expect(store.data(ann.sid)).toMatchObject({ early: 1 });
  });
});

test("a second middleware leaves the session of the first alone", async () => {
  const first = session({ ...basics, store: new MapStore() }) as unknown as Handle;
  const second = session({ ...basics, name: "other", store: new MapStore() }) as unknown as Handle;
  const { client } = await site(
    ((req, res, next) => first(req, res, (error) => (error ? next(error) : second(req, res, next)))) satisfies Handle,
    {
      "/": (req, res) => {
        touch(req);
        res.end();
      },
    },
  );
  expect((await client().get("/")).setCookie).toHaveLength(1);
});
