/** What needs no memcached: options, URLs, the form of an item, answers off the wire. Over a real one: memcached-server.test.ts. */

import { createServer, type Server, type Socket } from "node:net";
import { Memcache, ModulaHash } from "memcache";
import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { createSessions } from "../../../src/index.ts";
import { decode, encode, exptimeOf } from "../../../src/stores/memcached/item.ts";
import { item, oneOf, Refusal, version } from "../../../src/stores/memcached/replies.ts";
import { addressesOf } from "../../../src/stores/memcached/servers.ts";
import { itemKey } from "../../../src/stores/memcached/verbs.ts";
import { type MemcachedClient, type MemcachedStore, memcachedStore } from "../../../src/stores/memcached.ts";
import type { RecordStoreOf } from "../../../src/stores/open.ts";
import { freshMark } from "../../../src/stores/parts/version.ts";
import type { ScanStore, SweepStore, UserStore, WatchStore } from "../../../src/stores/store.ts";

const never: MemcachedClient = {
  gets: () => new Promise(() => {}),
  add: () => new Promise(() => {}),
  cas: () => new Promise(() => {}),
  delete: () => new Promise(() => {}),
  version: () => new Promise(() => {}),
};

describe("options", () => {
  test.each([
    ["source", () => memcachedStore("")],
    ["source", () => memcachedStore("localhost:11211")],
    ["source", () => memcachedStore("memcached:")],
    ["source", () => memcachedStore("memcached://")],
    ["source", () => memcachedStore("memcached://u:hunter2@")],
    ["source", () => memcachedStore("memcached://u:hunter2@a:port")],
    ["source", () => memcachedStore("memcached://u:hunter2%zz@a")],
    ["source", () => memcachedStore("memcached://u:hunter2@a:99999")],
    ["source", () => memcachedStore("memcached://a,,b")],
    ["source", () => memcachedStore("memcached://a b")],
    ["source", () => memcachedStore(null as never)],
    ["source", () => memcachedStore({ get: () => {} } as never)],
    ["prefix", () => memcachedStore(never, { prefix: "a b" })],
    ["prefix", () => memcachedStore(never, { prefix: "a\r\n" })],
    ["prefix", () => memcachedStore(never, { prefix: "ü" })],
    ["prefix", () => memcachedStore(never, { prefix: "p".repeat(101) })],
    ["prefix", () => memcachedStore(never, { prefix: 1 as never })],
    ["timeout", () => memcachedStore(never, { timeout: 49 })],
    ["timeout", () => memcachedStore(never, { timeout: Number.NaN })],
  ])("a wrong %s is refused at once", (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    expect(make).toThrow(`Option "${option}"`);
    expect(make).not.toThrow("hunter2");
  });

  test("URLs name one server or several, a port or none, a user or none, or a socket", () => {
    expect(addressesOf("memcached://a")).toEqual([{ host: "a", port: 11_211 }]);
    expect(addressesOf("MEMCACHED://10.0.0.1:1,b-2.example:65535,[::1],[fe80::1]:2")).toEqual([
      { host: "10.0.0.1", port: 1 },
      { host: "b-2.example", port: 65_535 },
      { host: "::1", port: 11_211 },
      { host: "fe80::1", port: 2 },
    ]);
    expect(addressesOf("memcached://us%40er:p%3Aw@a")).toEqual([
      { host: "a", port: 11_211, user: "us@er", password: "p:w" },
    ]);
    expect(addressesOf("memcached:///run/mem%20cached.sock")).toEqual([
      { host: "", port: 0, path: "/run/mem cached.sock" },
    ]);
  });

  test("the type says what memcached cannot do", () => {
    expectTypeOf<RecordStoreOf<"memcached://a">>().toEqualTypeOf<MemcachedStore>();
    expectTypeOf<MemcachedStore>().not.toExtend<UserStore>();
    expectTypeOf<MemcachedStore>().not.toExtend<ScanStore>();
    expectTypeOf<MemcachedStore>().not.toExtend<SweepStore>();
    expectTypeOf<MemcachedStore>().not.toExtend<WatchStore>();
    const secrets = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
    const sessions = createSessions({ store: memcachedStore(never), secrets });
    expectTypeOf(sessions).not.toHaveProperty("revokeUser");
  });
});

describe("an item", () => {
  const record = {
    payload: "a\nb \u0000 \ud83d \ufeff",
    userId: "ann\n\ud800",
    createdAt: 1.5,
    seenAt: 2,
    expiresAt: 3,
  };

  test("holds everything, also what has no bytes of its own", () => {
    const value = encode("p:k", record, "v1");
    expect(decode("p:k", Buffer.from(value))).toEqual({ ...record, version: "v1" });
    const anonymous = { payload: "\u0001x", createdAt: 1, seenAt: 1, expiresAt: 1 };
    expect(decode("k", encode("k", anonymous, "v"))).toEqual({ ...anonymous, userId: undefined, version: "v" });
  });

  test("of another key, cut short, or of somebody else is not taken for a record", () => {
    const value = encode("p:ann", record, "v1");
    for (const strange of [
      encode("p:bob", record, "v1"),
      value.slice(0, -1),
      `${value}x`,
      value.slice(value.indexOf("\n")),
      "",
      "hello",
      "{}\n",
      "null\n",
      "[2]\n",
    ]) {
      expect(() => decode("p:ann", strange), strange).toThrow(
        expect.objectContaining({ code: "SOJOURN_STORE_UNAVAILABLE" }),
      );
    }
  });

  test("has a key without blanks, line ends or more than 250 bytes, and no two keys share one", async () => {
    const keys = [
      "a",
      "A",
      "a b",
      "a\r\nflush_all\r\n",
      "",
      "ü",
      "k".repeat(100),
      "k".repeat(101),
      "k".repeat(5000),
      "#",
    ];
    const items = await Promise.all(keys.map((key) => itemKey("p".repeat(100), key)));
    for (const each of items) expect(each).toMatch(/^[\x21-\x7e]{100,250}$/);
    expect(new Set(items).size).toBe(keys.length);
    expect(await itemKey("p:", "abc_-9")).toBe("p:abc_-9");
  });

  test("expires a little after its record: in seconds from now, beyond 30 days at an instant, beyond 2038 never", () => {
    const DAY = 86_400_000;
    expect(exptimeOf(1_000, 0)).toBe(61);
    expect(exptimeOf(1_001, 0)).toBe(62);
    expect(exptimeOf(0, 5_000)).toBe(60);
    expect(exptimeOf(30 * DAY - 60_000, 0)).toBe(30 * 86_400);
    const far = exptimeOf(30 * DAY, 0) - Date.now() / 1000;
    expect(far).toBeGreaterThan(30 * 86_400);
    expect(far).toBeLessThan(30 * 86_400 + 65);
    expect(exptimeOf(253_402_300_799_999, 0)).toBe(0);
  });

  test("has a version that does not come back", () => {
    expect(new Set(Array.from({ length: 1000 }, freshMark)).size).toBe(1000);
  });
});

describe("answers", () => {
  const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

  test("are waited for until they are whole", () => {
    const whole = "VALUE k 0 6 42\r\nü\r\nEN\r\nEND\r\n";
    for (let length = 0; length < bytes(whole).length; length++) {
      expect(item("k")(bytes(whole).subarray(0, length)), `${length}`).toBeUndefined();
    }
    expect(item("k")(bytes(`${whole}STORED\r\n`))).toEqual({
      value: { value: bytes("ü\r\nEN"), cas: "42" },
      length: bytes(whole).length,
    });
    expect(item("k")(bytes("END\r\nSTORED\r\n"))).toEqual({ value: null, length: 5 });
    expect(oneOf({ STORED: 1 })(bytes("STORED"))).toBeUndefined();
    expect(oneOf({ STORED: 1 })(bytes("STORED\r\n"))).toEqual({ value: 1, length: 8 });
    expect(version(bytes("VERSION 1.6.18\r\n"))).toEqual({ value: "1.6.18", length: 16 });
  });

  test.each([
    "VALUE other 0 1 42\r\nx\r\nEND\r\n",
    "VALUE k 0 1\r\nx\r\nEND\r\n",
    "VALUE k 0 x 42\r\nx\r\nEND\r\n",
    "VALUE k 0 -5 42\r\nx\r\nEND\r\n",
    "VALUE k 0 1 42\r\nxxxxEND\r\n",
    "STORED\r\n",
    "\r\n",
    "ERROR\r\n",
    "CLIENT_ERROR bad data chunk\r\n",
    "x".repeat(3000),
  ])("that nobody asked for are refused: %j", (text) => {
    expect(() => item("k")(bytes(text))).toThrow(/^memcached /);
    expect(() => item("k")(bytes(text))).not.toThrow(Refusal);
  });

  test("that say no are told from those that are none", () => {
    expect(() => item("k")(bytes("SERVER_ERROR out of memory storing object\r\n"))).toThrow(Refusal);
    expect(() => oneOf({ constructor: 1 } as never)(bytes("toString\r\n"))).toThrow("another answer");
  });
});

describe("a server that lies", () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that answers what it is told to, by the connection's number and what came. */
  async function liar(
    answer: (connection: number, request: string, socket: Socket) => string | undefined,
  ): Promise<string> {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      const mine = connections;
      sockets.push(socket);
      socket.on("error", () => {});
      socket.on("data", (data) => {
        const text = answer(mine, data.toString("latin1"), socket);
        if (text !== undefined) socket.write(text);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  const ann = encode("sojourn:ann", { payload: "of ann", createdAt: 1, seenAt: 1, expiresAt: 9e15 }, "v");
  const bob = encode("sojourn:bob", { payload: "of bob", createdAt: 1, seenAt: 1, expiresAt: 9e15 }, "v");
  const answered = (key: string, value: string): string =>
    `VALUE sojourn:${key} 0 ${value.length} 7\r\n${value}\r\nEND\r\n`;

  test("and cuts the connection within an item, gives the next reader nothing of it", async () => {
    const at = await liar((connection, request, socket) => {
      if (connection > 1) return answered("bob", bob);
      expect(request).toBe("gets sojourn:ann\r\n");
      socket.end(answered("ann", ann).slice(0, -15));
      return undefined;
    });
    const store = memcachedStore(`memcached://${at}`);
    await expect(store.get("ann")).rejects.toThrow("closed the connection");
    expect((await store.get("bob"))?.payload).toBe("of bob");
    await store.close();
  });

  test("or answers one question with the answer to another, is not believed again on that connection", async () => {
    let asked = 0;
    const at = await liar((connection, request) => {
      asked += request.split("gets").length - 1;
      return connection === 1 ? answered("bob", bob) : answered("ann", ann);
    });
    const store = memcachedStore(`memcached://${at}`);
    const both = await Promise.allSettled([store.get("ann"), store.get("bob")]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect((await store.get("ann"))?.payload).toBe("of ann");
    expect(asked).toBe(3);
    await store.close();
  });

  test("is found out by way of the package memcache too, which hands out the rest of a cut item", async () => {
    const at = await liar((connection, request, socket) => {
      const mark = /O\d+/.exec(request)?.[0];
      const key = /get sojourn:(\w+)/.exec(request)?.[1];
      const [value, cut] = key === "ann" ? [ann, connection === 1] : [bob, false];
      if (key === undefined) return `HD c7 ${mark}\r\n`;
      const number = mark === undefined ? "" : `HD c7 ${mark}\r\n`;
      if (!cut) return `${number}${answered(key, value)}`;
      socket.end(`${number}${answered(key, value).slice(0, -15)}`);
      return undefined;
    });
    const client = new Memcache({ nodes: [at] });
    client.on("error", () => {});
    const store = memcachedStore(client, { timeout: 500 });
    await expect(store.get("ann")).rejects.toThrow();
    expect((await store.get("bob"))?.payload).toBe("of bob");
    expect((await store.get("ann"))?.payload).toBe("of ann");
    await client.disconnect();
  });
});

describe("a client of the package memcache", () => {
  /** A node that answers what it is told to, and whose socket takes its time to close. */
  function node(answer: (command: string) => string) {
    const log: string[] = [];
    let listeners: (() => void)[] = [];
    const socket = {
      closed: false,
      destroy: () => {
        log.push("destroy");
        setTimeout(() => {
          socket.closed = true;
          log.push("closed");
          for (const listener of listeners) listener();
          listeners = [];
        }, 30);
      },
      once: (_event: "close", listener: () => void) => listeners.push(listener),
    };
    const made = {
      socket,
      hasSaslCredentials: false,
      connected: true,
      isConnected: () => made.connected,
      reconnect: async () => {
        log.push("reconnect");
        made.connected = true;
      },
      command: async (command: string, options?: object) =>
        options ? { values: undefined, foundKeys: [] } : answer(command),
    };
    const store = memcachedStore({ nodes: [made], hash: { getNodesByKey: () => [made] } }, { timeout: 200 });
    return { made, log, store };
  }
  const mark = (command: string): string => /O\d+$/.exec(command)?.[0] ?? "none";

  test("is believed only when an answer brings back the number that went out", async () => {
    const right = node((command) => (command.startsWith("mg") ? `EN ${mark(command)}` : "NOT_FOUND"));
    expect(await right.store.get("a")).toBeNull();
    for (const wrong of ["EN O999999", "HD c1 O999999", "HD c1", "STORED", "VALUE a 0 1"]) {
      const { store, log } = node(() => wrong);
      await expect(store.get("a"), wrong).rejects.toThrow("not the one that was asked for");
      expect(log).toEqual(["destroy"]);
    }
    const shifted = node((command) => (command.startsWith("mg") ? `EN ${mark(command)}` : "HD c1"));
    await expect(shifted.store.health()).rejects.toThrow("not the one that was asked for");
  });

  test("is connected anew when its old socket has closed, for it takes a late end for that of the new one", async () => {
    const { store, made, log } = node((command) => `EN ${mark(command)}`);
    made.connected = false;
    await Promise.all([store.get("a"), store.get("b")]);
    expect(log).toEqual(["destroy", "closed", "reconnect"]);
  });

  test("that has several servers for a key, or none, is refused", async () => {
    const client = new Memcache({ nodes: ["127.0.0.1:1", "127.0.0.1:2"], lazyConnect: true, hash: new ModulaHash() });
    client.on("error", () => {});
    const several = { nodes: client.nodes, hash: { getNodesByKey: () => client.nodes } };
    const none = { nodes: [], hash: { getNodesByKey: () => [] } };
    for (const source of [several, none]) {
      await expect(memcachedStore(source).get("a")).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    }
    await expect(memcachedStore(none).health()).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    await expect(memcachedStore(client).get("a")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(memcachedStore(client).health()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("with SASL, which is another protocol, is refused", async () => {
    const client = new Memcache({ nodes: ["127.0.0.1:1"], lazyConnect: true, sasl: { username: "a", password: "b" } });
    await expect(memcachedStore(client).get("a")).rejects.toThrow("SASL");
  });
});
