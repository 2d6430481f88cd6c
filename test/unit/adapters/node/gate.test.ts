import { once } from "node:events";
import http, { createServer, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import express from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeSeat } from "../../../../src/adapters/node/express-methods.ts";
import { gateResponse, type Keeper } from "../../../../src/adapters/node/hold-response.ts";
import type { HeaderOp } from "../../../../src/index.ts";
import { refusal } from "../../../../src/request/error-response.ts";
import { exchange, listen, Wire } from "../../../support/sockets.ts";

const COOKIE: readonly HeaderOp[] = [
  { op: "append", name: "set-cookie", value: "session=1" },
  { op: "set", name: "cache-control", value: "no-store" },
  { op: "merge", name: "vary", value: "Cookie" },
];

type Application = (res: ServerResponse) => unknown;

/** A commit that the test lets succeed or fail. */
class Commit {
  calls: number[] = [];
  settle: (headers: readonly HeaderOp[]) => void = () => {};
  fail: (error: unknown) => void = () => {};
  readonly #promise = new Promise<readonly HeaderOp[]>((resolve, reject) => {
    this.settle = resolve;
    this.fail = reject;
  });
  readonly keeper: Keeper = {
    commit: (status) => {
      this.calls.push(status);
      return this.#promise;
    },
    failed: async (error) => refusal(error),
  };
}

const app = express();

/** The gate is put on the response itself, or, under Express, where all responses of an application inherit from. */
const kinds: Record<string, Application> = {
  Node: () => {},
  Express: (res) => {
    Object.setPrototypeOf(res, app.response);
    takeSeat(res);
  },
};

describe.each(Object.entries(kinds))("on a response of %s", (_kind, prepare) => {
  let server: Server;
  let port: number;
  let application: Application;
  let commit: Commit;
  let keeper: Keeper;
  /** Middleware around the gate: before it is put on (below), and after (above). */
  let below: Application;
  let above: Application;
  let thrown: unknown;

  beforeEach(async () => {
    commit = new Commit();
    keeper = commit.keeper;
    below = () => {};
    above = () => {};
    thrown = undefined;
    // A body where there must be none is an error then, not ignored.
    server = createServer({ rejectNonStandardBodyWrites: true }, async (_req, res) => {
      prepare(res);
      below(res);
      gateResponse(res, keeper);
      above(res);
      try {
        await application(res);
      } catch (error) {
        thrown = error;
      }
    });
    port = await listen(server);
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Turns of the event loop in which bytes would have arrived, had any left: the server answers another connection meanwhile. */
  async function turns(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }

  /** Asserts that nothing has left while the commit is under way, lets it succeed, and gives all that arrives. */
  async function releasedAfter(app: Application, options?: Parameters<Wire["send"]>[1]): Promise<string> {
    application = app;
    const wire = new Wire(port);
    wire.send("/", { ...options, headers: { connection: "close", ...options?.headers } });
    while (commit.calls.length === 0) await new Promise(setImmediate);
    await turns();
    expect(wire.received).toBe("");
    commit.settle(COOKIE);
    const received = await wire.until("closed");
    expect(commit.calls).toHaveLength(1);
    return received;
  }

  const bodyOf = (received: string): string => received.slice(received.indexOf("\r\n\r\n") + 4);
  const headOf = (received: string): string => received.slice(0, received.indexOf("\r\n\r\n")).toLowerCase();
  const cookiesOf = (received: string): string[] =>
    [...headOf(received).matchAll(/^set-cookie: (.*)$/gm)].map(([, value]) => value as string);

  describe("a response that has to wait", () => {
    const ways: Record<string, Application> = {
      end: (res) => res.end("hello"),
      "write and end": (res) => {
        res.write("hel");
        res.end("lo");
      },
      "writeHead and end": (res) => res.writeHead(200, { "x-app": "1" }).end("hello"),
      "flushHeaders, then end": (res) => {
        res.flushHeaders();
        res.end("hello");
      },
      "a pipe": (res) => Readable.from(["he", "llo"]).pipe(res),
      "a pipeline": (res) => pipeline(Readable.from(["he", "llo"]), res),
      "end with a callback": (res) => new Promise<void>((resolve) => res.end("hello", resolve)),
      "end with a buffer": (res) => res.end(Buffer.from("hello")),
      "end with an encoding": (res) => res.end("68656c6c6f", "hex"),
    };
    for (const [name, app] of Object.entries(ways)) {
      it(`holds back ${name}`, async () => {
        const received = await releasedAfter(app);
        expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(bodyOf(received).replace(/^[0-9a-f]+\r\n|\r\n[0-9a-f]+\r\n|\r\n0?\r?\n?/g, "")).toContain("he");
        expect(cookiesOf(received)).toEqual(["session=1"]);
      });
    }

    it("keeps the length that Node works out for a whole body", async () => {
      const received = await releasedAfter((res) => res.end("hello"));
      expect(headOf(received)).toContain("content-length: 5");
      expect(bodyOf(received)).toBe("hello");
    });

    it("keeps the order of chunks and calls every callback, in order", async () => {
      const called: string[] = [];
      const received = await releasedAfter((res) => {
        res.setHeader("content-length", 6);
        res.write("a", () => called.push("a"));
        res.write("62", "hex", () => called.push("b"));
        res.write("cd", "utf8");
        res.write(Buffer.from("e"));
        res.end("f", () => called.push("end"));
      });
      expect(bodyOf(received)).toBe("abcdef");
      expect(called).toEqual(["a", "b", "end"]);
    });

    it("takes the status and reason from writeHead", async () => {
      const received = await releasedAfter((res) => res.writeHead(201, "Made", { "x-app": "1" }).end());
      expect(received).toMatch(/^HTTP\/1\.1 201 Made\r\n/);
      expect(headOf(received)).toContain("x-app: 1");
      expect(commit.calls).toEqual([201]);
    });

    it("takes the status from statusCode, and none that is set after the head", async () => {
      const received = await releasedAfter((res) => {
        res.statusCode = 202;
        res.write("x");
        res.statusCode = 500;
        res.end();
      });
      expect(received).toMatch(/^HTTP\/1\.1 202 Accepted\r\n/);
      expect(commit.calls).toEqual([202]);
    });

    it("tells the application that the head is out, and the body", async () => {
      const seen: unknown[] = [];
      await releasedAfter((res) => {
        seen.push(res.headersSent);
        res.write("a");
        seen.push(res.headersSent, res.writableEnded);
        res.end();
        seen.push(res.writableEnded);
      });
      expect(seen).toEqual([false, true, false, true]);
    });

    for (const [name, change] of Object.entries<Application>({
      setHeader: (res) => res.setHeader("x", "1"),
      appendHeader: (res) => res.appendHeader("x", "1"),
      removeHeader: (res) => res.removeHeader("x"),
      "a second writeHead": (res) => res.writeHead(201, { x: "1" }),
    })) {
      it(`refuses ${name} when the head has been written`, async () => {
        let error: unknown;
        await releasedAfter((res) => {
          res.write("a");
          try {
            change(res);
          } catch (caught) {
            error = caught;
          }
          res.end();
        });
        expect(error).toMatchObject({ code: "ERR_HTTP_HEADERS_SENT" });
      });

      it(`refuses ${name} when everything has been written, and sends what was`, async () => {
        let error: unknown;
        const received = await releasedAfter((res) => {
          res.setHeader("content-length", 5);
          res.end("hello");
          try {
            change(res);
          } catch (caught) {
            error = caught;
          }
        });
        expect(error).toMatchObject({ code: "ERR_HTTP_HEADERS_SENT" });
        expect(bodyOf(received)).toBe("hello");
      });
    }

    it("lets a header that Node refuses throw at once, and the application answer otherwise", async () => {
      const received = await releasedAfter((res) => {
        expect(() => res.writeHead(200, { "x-bad": "a\r\nb" })).toThrow(
          expect.objectContaining({ code: "ERR_INVALID_CHAR" }),
        );
        expect(() => res.writeHead(99)).toThrow(RangeError);
        res.statusCode = 404;
        res.end("no");
      });
      expect(received).toMatch(/^HTTP\/1\.1 404/);
      expect(cookiesOf(received)).toEqual(["session=1"]);
    });

    it("sends trailers after the body", async () => {
      const received = await releasedAfter((res) => {
        res.writeHead(200, { trailer: "x-sum" });
        res.write("a");
        res.addTrailers({ "x-sum": "9" });
        res.end();
      });
      expect(received).toMatch(/0\r\nx-sum: 9\r\n\r\n$/);
    });

    it("answers HEAD, 204 and 304 without a body", async () => {
      const head = await releasedAfter((res) => res.setHeader("content-length", 5).end(), { method: "HEAD" });
      expect([bodyOf(head), cookiesOf(head)]).toEqual(["", ["session=1"]]);
      for (const status of [204, 304]) {
        commit = new Commit();
        keeper = commit.keeper;
        const received = await releasedAfter((res) => res.writeHead(status).end());
        expect([bodyOf(received), cookiesOf(received)]).toEqual(["", ["session=1"]]);
      }
    });

    it("answers HTTP/1.0", async () => {
      const received = await releasedAfter(
        (res) => {
          res.write("a");
          res.end("b");
        },
        { version: "1.0" },
      );
      expect(bodyOf(received)).toBe("ab");
      expect(headOf(received)).not.toContain("chunked");
    });

    it("lets early hints through at once", async () => {
      application = (res) => {
        res.writeEarlyHints({ link: "</a.css>; rel=preload" });
        res.end("hello");
      };
      const wire = new Wire(port);
      wire.send("/", { headers: { connection: "close" } });
      expect(await wire.until(/103 Early Hints[\s\S]*\r\n\r\n/)).not.toContain("200 OK");
      commit.settle(COOKIE);
      const received = await wire.until("closed");
      expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 103", "HTTP/1.1 200"]);
      expect(received.match(/set-cookie/gi)).toHaveLength(1);
    });
  });

  describe("back-pressure", () => {
    it("answers false while it waits, and drains when it does not any more", async () => {
      const seen: unknown[] = [];
      const received = await releasedAfter(async (res) => {
        seen.push(res.write("a"));
        await once(res, "drain");
        seen.push("drained");
        res.end("b");
      });
      expect(seen).toEqual([false, "drained"]);
      expect(received).toContain("b\r\n0\r\n");
    });

    it("forgets a listener for drain that is taken away again", async () => {
      const seen: string[] = [];
      await releasedAfter(async (res) => {
        const first = (): void => void seen.push("first");
        res.write("a");
        res.on("drain", first);
        res.once("drain", () => seen.push("once"));
        res.on("drain", () => seen.push("kept"));
        res.removeListener("drain", first);
        await once(res, "drain");
        res.emit("drain");
        res.end();
      });
      expect(seen).toEqual(["once", "kept", "kept"]);
    });

    it("carries a body of 5 MB through a pipe", async () => {
      const chunk = Buffer.alloc(65_536, "x");
      const received = await releasedAfter((res) => {
        res.setHeader("content-length", 80 * chunk.length);
        Readable.from(Array(80).fill(chunk)).pipe(res);
      });
      expect(bodyOf(received)).toHaveLength(80 * chunk.length);
    });
  });

  describe("a response that need not wait", () => {
    it("sends at once, by Node's own methods", async () => {
      let after: boolean | undefined;
      keeper = { ...keeper, commit: () => [] };
      application = (res) => {
        expect(res.write("a")).toBe(true);
        after = res.headersSent;
        expect(Object.hasOwn(res, "headersSent")).toBe(false);
        res.end();
      };
      expect(await exchange(port, "/")).toMatch(/^HTTP\/1\.1 200/);
      expect([after, thrown]).toEqual([true, undefined]);
    });

    it("puts headers on that are known at once", async () => {
      keeper = { ...keeper, commit: () => COOKIE };
      application = (res) => res.writeHead(200, { "set-cookie": "app=1" }).end("x");
      expect(cookiesOf(await exchange(port, "/"))).toEqual(["app=1", "session=1"]);
    });

    it("changes no prototype", async () => {
      const methods = (): unknown[] => {
        const { ServerResponse: Native } = http;
        const { writeHead, write, end, flushHeaders, setHeader, on } = Native.prototype;
        return [writeHead, write, end, flushHeaders, setHeader, on, Object.getOwnPropertyNames(Native.prototype)];
      };
      const before = methods();
      await releasedAfter((res) => res.end("x"));
      expect(methods()).toEqual(before);
    });
  });

  describe("the session's headers beside the application's", () => {
    const forms: Record<string, [Application, string[]]> = {
      "a text by setHeader": [(res) => res.setHeader("set-cookie", "app=1"), ["app=1", "session=1"]],
      "a list by setHeader": [(res) => res.setHeader("Set-Cookie", ["app=1", "b=2"]), ["app=1", "b=2", "session=1"]],
      "appendHeader twice": [
        (res) => res.appendHeader("set-cookie", "app=1").appendHeader("set-cookie", "b=2"),
        ["app=1", "b=2", "session=1"],
      ],
      "an object in writeHead": [(res) => res.writeHead(200, { "Set-Cookie": "app=1" }), ["app=1", "session=1"]],
      "an object with a list in writeHead": [
        (res) => res.writeHead(200, { "set-cookie": ["app=1", "b=2"] }),
        ["app=1", "b=2", "session=1"],
      ],
      "a flat list in writeHead": [
        (res) => res.writeHead(200, ["set-cookie", "app=1", "x-other", "y", "Set-Cookie", "b=2"]),
        ["app=1", "b=2", "session=1"],
      ],
      "a list of pairs in writeHead": [
        (res) =>
          res.writeHead(200, [
            ["set-cookie", "app=1"],
            ["set-cookie", "b=2"],
          ] as never),
        ["app=1", "b=2", "session=1"],
      ],
      "setHeader, and another in writeHead": [
        (res) => res.setHeader("set-cookie", "old=1").writeHead(200, { "set-cookie": "app=1" }),
        ["app=1", "session=1"],
      ],
      "a reason and an object in writeHead": [
        (res) => res.writeHead(200, "Fine", { "set-cookie": "app=1" }),
        ["app=1", "session=1"],
      ],
    };
    for (const [name, [set, cookies]] of Object.entries(forms)) {
      for (const waits of [true, false]) {
        it(`keeps ${name}${waits ? "" : ", without waiting"}`, async () => {
          const app: Application = (res) => {
            set(res);
            res.end("x");
          };
          if (!waits) keeper = { ...keeper, commit: () => COOKIE };
          application = app;
          const received = waits ? await releasedAfter(app) : await exchange(port, "/");
          expect(cookiesOf(received)).toEqual(cookies);
        });
      }
    }

    it("merges Vary and sets or leaves Cache-Control as the operation says", async () => {
      const received = await releasedAfter((res) =>
        res.writeHead(200, { vary: "Accept", "Cache-Control": "public, max-age=60" }).end(),
      );
      expect(headOf(received)).toContain("vary: accept, cookie");
      expect(headOf(received)).toContain("cache-control: no-store");
      keeper = { ...keeper, commit: () => [{ op: "default", name: "cache-control", value: "no-store" }] };
      application = (res) => res.writeHead(200, { "Cache-Control": "public" }).end();
      expect(headOf(await exchange(port, "/"))).toContain("cache-control: public");
    });
  });

  describe("a commit that fails", () => {
    async function failing(
      app: Application,
      error: unknown = new Error("no"),
      options?: Parameters<Wire["send"]>[1],
    ): Promise<string> {
      application = app;
      const wire = new Wire(port);
      wire.send("/", { ...options, headers: { connection: "close" } });
      while (commit.calls.length === 0) await new Promise(setImmediate);
      commit.fail(error);
      return wire.until("closed");
    }

    const ways: Record<string, Application> = {
      end: (res) =>
        res.setHeader("set-cookie", "app=1").setHeader("content-length", 6).setHeader("etag", '"1"').end("secret"),
      "writeHead with a reason": (res) =>
        res.writeHead(201, "Secret", { "x-secret": "1", "set-cookie": "app=1" }).end("secret"),
      "a chunked body": (res) => {
        res.write("secret");
        setImmediate(() => res.end("secret"));
      },
      "a pipe": (res) => Readable.from(Array(100).fill("secret")).pipe(res),
      "a pipeline": (res) => pipeline(Readable.from(Array(100).fill("secret")), res),
      trailers: (res) => {
        res.writeHead(200, { trailer: "x-secret" });
        res.addTrailers({ "x-secret": "1" });
        res.end("secret");
      },
    };
    for (const [name, app] of Object.entries(ways)) {
      it(`lets nothing leave of ${name}`, async () => {
        const received = await failing(app);
        expect(received).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n/);
        expect(received.toLowerCase()).not.toMatch(/secret|set-cookie|etag/);
        expect(headOf(received)).toContain("content-length: 22");
        expect(bodyOf(received)).toBe("Internal server error\n");
        // A pipeline learns that its data did not arrive.
        if (name === "a pipeline") expect(thrown).toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
        else expect(thrown).toBeUndefined();
      });
    }

    it("answers HEAD without a body", async () => {
      const received = await failing((res) => res.end(), new Error("no"), { method: "HEAD" });
      expect(received).toMatch(/^HTTP\/1\.1 500/);
      expect(bodyOf(received)).toBe("");
    });

    it("is asked for by a throw as well", async () => {
      keeper = {
        ...keeper,
        commit: () => {
          throw new Error("no");
        },
      };
      application = (res) => res.end("secret");
      expect(await exchange(port, "/")).toMatch(/^HTTP\/1\.1 500/);
    });

    it("tells writers, and lets them come to an end", async () => {
      const seen: unknown[] = [];
      let finished = false;
      await failing(async (res) => {
        res.write("a", (error) => seen.push(error instanceof Error));
        for (let index = 0; index < 100; index++) if (!res.write("b")) await once(res, "drain");
        res.end("c", (error?: Error | null) => {
          seen.push(error instanceof Error);
        });
        finished = true;
      });
      while (!finished) await new Promise(setImmediate);
      await turns();
      expect(seen).toEqual([true, true]);
    });

    it("leaves the connection in use", async () => {
      application = (res) => res.end("secret");
      const wire = new Wire(port);
      wire.send("/");
      while (commit.calls.length === 0) await new Promise(setImmediate);
      commit.fail(new Error("no"));
      await wire.until(/Internal server error\n/);
      keeper = { ...keeper, commit: () => COOKIE };
      application = (res) => res.end("second");
      wire.send("/");
      expect(await wire.until(/second/)).toMatch(/500[\s\S]*200 OK/);
      wire.close();
    });

    it("throws at what Node does not take, as Node does, and begins no answer with it", async () => {
      const thrown: unknown[] = [];
      application = (res) => {
        for (const chunk of [17, null, {}]) {
          try {
            res.write(chunk as never);
          } catch (error) {
            thrown.push((error as { code: string }).code);
          }
        }
        res.statusCode = 400;
        res.end("mended");
      };
      const wire = new Wire(port);
      wire.send("/", { headers: { connection: "close" } });
      while (commit.calls.length === 0) await new Promise(setImmediate);
      commit.settle(COOKIE);
      expect(await wire.until("closed")).toMatch(/^HTTP\/1\.1 400[\s\S]*mended/);
      expect(thrown).toEqual(["ERR_INVALID_ARG_TYPE", "ERR_STREAM_NULL_VALUES", "ERR_INVALID_ARG_TYPE"]);
    });

    it("lets a second answer that comes late go, as Node does when the first is over", async () => {
      const late: unknown[] = [];
      application = (res) => {
        res.end("first");
        setTimeout(() => {
          res.end("second", (error?: Error) => late.push((error as { code?: string } | undefined)?.code));
          res.write("third");
          late.push("asked");
        }, 5);
      };
      const wire = new Wire(port);
      wire.send("/", { headers: { connection: "close" } });
      while (!late.includes("asked")) await new Promise(setImmediate);
      commit.settle(COOKIE);
      expect(await wire.until("closed")).toMatch(/first/);
      expect(late).toEqual(["asked", "ERR_STREAM_WRITE_AFTER_END"]);
    });

    it("hands a complete response over, empty", async () => {
      const errors: unknown[] = [];
      let response: ServerResponse | undefined;
      keeper = {
        ...keeper,
        handOver: (error) => {
          errors.push(error, response?.headersSent, response?.getHeaderNames());
          response?.writeHead(418).end("page");
        },
      };
      const error = new Error("no");
      const received = await failing((res) => {
        response = res;
        res.setHeader("x-secret", "1").end("secret");
      }, error);
      expect(errors).toEqual([error, false, []]);
      expect(received).toMatch(/^HTTP\/1\.1 418/);
      expect(headOf(received)).toContain("cache-control: no-store");
      expect(bodyOf(received)).toContain("page");
      expect(received).not.toContain("secret");
    });

    it("does not hand over a response that is being written still", async () => {
      let asked = false;
      keeper = {
        ...keeper,
        handOver: () => {
          asked = true;
        },
      };
      const received = await failing((res) => void res.write("secret"));
      expect([asked, bodyOf(received)]).toEqual([false, "Internal server error\n"]);
    });
  });

  describe("a client that is gone", () => {
    it("commits what is answered after it left", async () => {
      let closed = false;
      application = async (res) => {
        await once(res, "close");
        closed = true;
        res.end("late");
      };
      const wire = new Wire(port);
      wire.send("/");
      await once(server, "request");
      wire.close();
      while (!closed) await new Promise(setImmediate);
      commit.settle(COOKIE);
      await turns();
      expect([commit.calls, thrown]).toEqual([[200], undefined]);
    });

    it("survives a client that leaves while it waits", async () => {
      let response: ServerResponse | undefined;
      application = (res) => {
        response = res;
        res.write("a");
        res.end("b");
      };
      const wire = new Wire(port);
      wire.send("/");
      while (commit.calls.length === 0) await new Promise(setImmediate);
      wire.close();
      await once(response as ServerResponse, "close");
      commit.settle(COOKIE);
      await turns();
      expect(thrown).toBeUndefined();
    });
  });

  /** As the on-headers package does it: a listener before the head, and arguments of writeHead made into headers. */
  function onHead(res: ServerResponse, listener: () => void): void {
    const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => ServerResponse;
    let fired = false;
    res.writeHead = ((...args: unknown[]) => {
      if (!fired) {
        fired = true;
        listener();
      }
      return writeHead(...args);
    }) as ServerResponse["writeHead"];
  }

  /** As compressing middleware does it: bodies go through a stream of its own, and so do listeners for "drain". */
  function shout(res: ServerResponse, legacy = false): void {
    const { write, end, on } = res;
    const stream = new (class extends Readable {
      override _read(): void {
        waiting?.();
        waiting = undefined;
      }
    })({ highWaterMark: 1 });
    let waiting: (() => void) | undefined;
    let started = false;
    const start = (): void => {
      if (legacy ? !(res as unknown as { _header: unknown })._header : !res.headersSent) res.writeHead(res.statusCode);
      if (started) return;
      started = true;
      stream.on("data", (chunk: Buffer) => {
        if (write.call(res, chunk.toString().toUpperCase(), "utf8") === false) {
          stream.pause();
          on.call(res, "drain", () => stream.resume());
        }
      });
      stream.on("end", () => end.call(res, undefined, "utf8"));
    };
    onHead(res, () => {
      res.removeHeader("content-length");
      res.setHeader("x-shout", "1");
    });
    res.write = ((chunk: string) => {
      start();
      return stream.push(chunk);
    }) as ServerResponse["write"];
    res.end = ((chunk?: string) => {
      start();
      if (chunk) stream.push(chunk);
      stream.push(null);
      return res;
    }) as ServerResponse["end"];
    const own: { event: string; listener: () => void }[] = [];
    res.on = ((event: string, listener: () => void) => {
      if (event !== "drain") return on.call(res, event, listener);
      own.push({ event, listener });
      waiting = () => {
        for (const each of own) each.listener();
      };
      return res;
    }) as ServerResponse["on"];
  }

  describe("beside other middleware", () => {
    const around: Record<string, (middleware: Application) => void> = {
      below: (middleware) => {
        below = middleware;
      },
      above: (middleware) => {
        above = middleware;
      },
    };
    for (const [where, put] of Object.entries(around)) {
      it(`keeps the cookie of an on-headers listener ${where} that sets one over all others`, async () => {
        put((res) =>
          onHead(res, () =>
            res.setHeader("set-cookie", [...[res.getHeader("set-cookie") ?? []].flat().map(String), "late=1"]),
          ),
        );
        const received = await releasedAfter((res) => res.end("x"));
        expect(cookiesOf(received).sort()).toEqual(["late=1", "session=1"]);
      });

      for (const legacy of [false, true]) {
        it(`works with a compressing wrapper ${where}${legacy ? ", one that looks at _header" : ""}`, async () => {
          put((res) => shout(res, legacy));
          const received = await releasedAfter((res) => {
            res.setHeader("content-length", 6);
            res.write("shout ");
            res.end("loud");
          });
          expect(thrown).toBeUndefined();
          expect(bodyOf(received)).toMatch(/SHOUT [\s\S]*LOUD/);
          expect(headOf(received)).toContain("x-shout: 1");
          expect(headOf(received)).not.toContain("content-length");
          expect(cookiesOf(received)).toEqual(["session=1"]);
        });
      }

      it(`carries a pipe through a compressing wrapper ${where}`, async () => {
        put((res) => shout(res));
        const received = await releasedAfter((res) => Readable.from(Array(50).fill("abc")).pipe(res));
        expect(received.match(/ABC/g)).toHaveLength(50);
      });

      it(`answers plainly when the commit fails under a compressing wrapper ${where}`, async () => {
        put((res) => shout(res));
        application = (res) => res.end("secret");
        const wire = new Wire(port);
        wire.send("/", { headers: { connection: "close" } });
        while (commit.calls.length === 0) await new Promise(setImmediate);
        commit.fail(new Error("no"));
        const received = await wire.until("closed");
        expect(received).toMatch(/^HTTP\/1\.1 500/);
        expect(received.toLowerCase()).not.toContain("secret");
        expect(bodyOf(received).toLowerCase()).toContain("internal server error");
      });
    }

    it("keeps its cookie when a listener above overwrites all others", async () => {
      above = (res) => onHead(res, () => res.setHeader("set-cookie", "mine=1"));
      expect(cookiesOf(await releasedAfter((res) => res.end("x")))).toEqual(["mine=1", "session=1"]);
    });

    it("works twice on one response", async () => {
      const second = new Commit();
      above = (res) => gateResponse(res, second.keeper);
      application = (res) => res.end("x");
      const wire = new Wire(port);
      wire.send("/", { headers: { connection: "close" } });
      while (second.calls.length === 0) await new Promise(setImmediate);
      second.settle([{ op: "append", name: "set-cookie", value: "other=1" }]);
      while (commit.calls.length === 0) await new Promise(setImmediate);
      await turns();
      expect(wire.received).toBe("");
      commit.settle(COOKIE);
      expect(cookiesOf(await wire.until("closed")).sort()).toEqual(["other=1", "session=1"]);
    });
  });
});
