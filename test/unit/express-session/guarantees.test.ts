/** What the drop-in adds to express-session, and how far a store of get and set lets it. */
import { AsyncLocalStorage } from "node:async_hooks";
import real from "express-session";
import session from "sojourn/express-session";
import { describe, expect, test } from "vitest";
import { gate } from "../../support/client.ts";
import { MapStore } from "../../support/map-store.ts";
import { Wire } from "../../support/sockets.ts";
import { Client, type Handle, site } from "../../support/wire.ts";

const basics = { secret: "kept elsewhere", resave: false, saveUninitialized: false };

/** One process: a middleware, its routes, and a gate that the slow ones wait at. */
async function process(store: session.Store, options: Partial<session.SessionOptions> = {}, module = session) {
  const slow = gate();
  const routes: Record<string, Handle> = {
    "/": (req, res) => res.end(JSON.stringify({ ...req.session, cookie: undefined })),
    "/a": (req, res) => {
      req.session.a = Number(req.session.a ?? 0) + 1;
      res.end("a");
    },
    "/b": (req, res) => {
      req.session.b = 1;
      delete req.session.gone;
      res.end("b");
    },
    "/slow": async (req, res) => {
      await slow.pass();
      req.session.slow = 1;
      res.end("slow");
    },
    "/slow-read": async (_req, res) => {
      await slow.pass();
      res.end("read");
    },
    "/login": (req, res, next) => {
      req.session.regenerate((error) => {
        if (error) return next(error);
        req.session.user = "ann";
        res.end("in");
      });
    },
    "/logout": (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.end("out"))),
  };
  const at = await site(module({ ...basics, store, ...options }), routes);
  return { ...at, slow, routes };
}

const twin = (client: Client, at: { readonly port: number }): Client => {
  const other = new Client(at);
  other.cookie = client.cookie;
  return other;
};

describe("saved before it is sent", () => {
  test("not a byte leaves before the store has called back", async () => {
    const store = new MapStore();
    const writing = gate();
    store.meddle = (verb) => (verb === "set" ? writing.pass() : undefined);
    const { port } = await process(store);
    const wire = new Wire(port);
    wire.socket.write("GET /a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    await writing.arrived;
    await new Promise(setImmediate);
    expect(wire.received).toBe("");
    writing.open();
    await expect.poll(() => wire.received).toContain("HTTP/1.1 200 OK");
    expect(wire.received).toContain("\r\nSet-Cookie: connect.sid=");
  });

  test("a store that fails takes the answer with it, cookie and all", async () => {
    const store = new MapStore();
    store.meddle = (verb) => {
      if (verb === "set") throw Object.assign(new Error("disk full"), { status: 507 });
    };
    const client = (await process(store)).client();
    expect(await client.get("/a")).toMatchObject({ status: 507, body: "disk full", setCookie: [] });
  });

  test("what a session cannot hold is an error of the request", async () => {
    const { routes, client } = await process(new MapStore());
    routes["/big"] = (req, res) => {
      req.session.big = 1n;
      res.end("big");
    };
    expect(await client().get("/big")).toMatchObject({ status: 500, setCookie: [] });
  });

  test("a cookie that cannot be written is an error of the request", async () => {
    const { routes, client } = await process(new MapStore());
    routes["/odd"] = (req, res) => {
      req.session.a = 1;
      req.session.cookie.domain = "a;b";
      res.end("odd");
    };
    expect(await client().get("/odd")).toMatchObject({ status: 500, body: "option domain is invalid", setCookie: [] });
  });
});

describe("what ended does not come back", () => {
  test.each(["/slow", "/slow-read"])("by %s of the same process", async (path) => {
    for (const resave of [false, true]) {
      const store = new MapStore();
      const { client, slow } = await process(store, { resave });
      const ann = client();
      await ann.get("/login");
      const { sid } = ann;
      const late = ann.get(path);
      await slow.arrived;
      await ann.get("/logout");
      slow.open();
      expect((await late).status).toBe(200);
      expect(store.rows.has(sid)).toBe(false);
    }
  });

  test("by a request of another process, once the row is gone", async () => {
    const rows = new Map<string, string>();
    const one = await process(new MapStore(rows));
    const other = await process(new MapStore(rows));
    const ann = one.client();
    await ann.get("/login");
    const late = ann.get("/slow");
    await one.slow.arrived;
    await twin(ann, other).get("/logout");
    one.slow.open();
    await late;
    expect(rows.size).toBe(0);
  });

  test("by a login, under the id from before", async () => {
    const store = new MapStore();
    const at = await process(store);
    const { slow } = at;
    const ann = at.client();
    await ann.get("/a");
    const { sid } = ann;
    const late = twin(ann, at).get("/slow");
    await slow.arrived;
    await ann.get("/login");
    slow.open();
    expect((await late).setCookie).toEqual([]);
    expect(store.rows.has(sid)).toBe(false);
  });

  test("by express-session in another process: the row that it writes is not believed here", async () => {
    const rows = new Map<string, string>();
    const theirs = await process(new MapStore(rows), {}, real as unknown as typeof session);
    const ours = await process(new MapStore(rows));
    const ann = theirs.client();
    await ann.get("/login");
    const late = ann.get("/slow");
    await theirs.slow.arrived;
    await twin(ann, ours).get("/logout");
    theirs.slow.open();
    await late;
    expect(rows.size).toBe(1);
    expect((await twin(ann, ours).get("/")).body).toBe("{}");
    expect(rows.size).toBe(0);
  });

  test("by an old session object that is saved", async () => {
    const store = new MapStore();
    const { routes, client } = await process(store);
    routes["/old"] = async (req, res) => {
      const old = req.session;
      old.user = "ann";
      await old.regenerate();
      await old.save();
      res.end(String(old.user));
    };
    const ann = client();
    await ann.get("/a");
    expect((await ann.get("/old")).body).toBe("ann");
    expect([...store.rows.keys()]).toEqual([ann.sid]);
    expect(store.data(ann.sid)).toEqual({});
  });

  test("an application that gives an id again can use it again", async () => {
    const store = new MapStore();
    const { client } = await process(store, { genid: () => "the-same" });
    const ann = client();
    for (const path of ["/login", "/logout", "/a"]) await ann.get(path);
    expect(store.data("the-same")).toEqual({ a: 1 });
  });
});

describe("updates are not lost", () => {
  test("of requests that change different keys, in one process", async () => {
    const store = new MapStore();
    const { client, slow } = await process(store);
    const ann = client();
    await ann.get("/a");
    const late = ann.get("/slow");
    await slow.arrived;
    await ann.get("/b");
    slow.open();
    await late;
    expect(store.data(ann.sid)).toEqual({ a: 1, b: 1, slow: 1 });
  });

  test("of thirty at once", async () => {
    const store = new MapStore();
    const { client, routes } = await process(store);
    for (let n = 0; n < 30; n++) {
      routes[`/n${n}`] = (req, res) => {
        req.session[`n${n}`] = n;
        res.end();
      };
    }
    const ann = client();
    await ann.get("/a");
    await Promise.all(Array.from({ length: 30 }, (_, n) => ann.get(`/n${n}`)));
    expect(Object.keys(store.data(ann.sid) ?? {})).toHaveLength(31);
  });

  test("by a request that changed nothing, with resave", async () => {
    const store = new MapStore();
    const { client, slow } = await process(store, { resave: true });
    const ann = client();
    await ann.get("/a");
    const late = ann.get("/slow-read");
    await slow.arrived;
    await ann.get("/b");
    slow.open();
    await late;
    expect(store.data(ann.sid)).toEqual({ a: 1, b: 1 });
  });

  test("across processes, when the other write is over by then", async () => {
    const rows = new Map<string, string>();
    const store = new MapStore(rows);
    const one = await process(store);
    const other = await process(new MapStore(rows));
    const ann = one.client();
    await ann.get("/a");
    const late = ann.get("/slow");
    await one.slow.arrived;
    await twin(ann, other).get("/b");
    one.slow.open();
    await late;
    expect(store.data(ann.sid)).toEqual({ a: 1, b: 1, slow: 1 });
  });

  test("of one key the last one wins, and a removed key stays removed", async () => {
    const store = new MapStore();
    const { client, routes, slow } = await process(store);
    routes["/gone"] = (req, res) => {
      req.session.gone = 1;
      res.end();
    };
    const ann = client();
    await ann.get("/gone");
    const late = ann.get("/slow");
    await slow.arrived;
    await ann.get("/b");
    slow.open();
    await late;
    expect(store.data(ann.sid)).toEqual({ b: 1, slow: 1 });
  });
});

describe("while the store is away", () => {
  test("who has a session is told 503, who has none is served, and nobody is logged out", async () => {
    const store = new MapStore();
    const { client } = await process(store);
    const ann = client();
    await ann.get("/login");
    store.emit("disconnect");
    expect(await ann.get("/")).toMatchObject({ status: 503, setCookie: [] });
    expect(await client().get("/")).toMatchObject({ status: 200 });
    store.emit("connect");
    expect((await ann.get("/")).body).toContain("ann");
  });

  test("an error of the store is the request's, ENOENT means that there is no session", async () => {
    const store = new MapStore();
    const { client } = await process(store);
    const ann = client();
    await ann.get("/login");
    const before = ann.cookie;
    store.meddle = () => {
      throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    };
    expect(await ann.get("/")).toMatchObject({ status: 500, body: "refused", setCookie: [] });
    store.meddle = (verb) => {
      if (verb === "get") throw Object.assign(new Error("no file"), { code: "ENOENT" });
    };
    expect(await ann.get("/")).toMatchObject({ status: 200, body: "{}" });
    store.meddle = () => undefined;
    ann.cookie = before;
    expect((await ann.get("/")).body).toContain("ann");
  });

  test("a store that throws is one that fails", async () => {
    const store = new MapStore();
    const { client } = await process(store);
    store.set = () => {
      throw new Error("thrown");
    };
    expect(await client().get("/a")).toMatchObject({ status: 500, body: "thrown" });
  });
});

test("set is looked up when it is called, and called once for a request", async () => {
  const store = new MapStore();
  const { client, routes } = await process(store);
  routes["/save"] = async (req, res) => {
    await req.session.regenerate();
    req.session.user = "ann";
    await req.session.save();
    res.end();
  };
  let calls = 0;
  const { set } = MapStore.prototype;
  store.set = function counting(...args) {
    calls += 1;
    set.apply(this, args);
  };
  await client().get("/save");
  expect(calls).toBe(1);
});

test("the verbs give promises, which reject, and end no process when nobody listens", async () => {
  const store = new MapStore();
  const { client, routes } = await process(store);
  routes["/all"] = async (req, res) => {
    req.session.user = "ann";
    await req.session.save();
    await req.session.reload();
    const { user } = req.session;
    await req.session.regenerate();
    const fresh = req.session.user;
    await req.session.destroy();
    store.meddle = () => Promise.reject(new Error("away"));
    const failure = await Promise.resolve((req as { session?: unknown }).session);
    res.end(JSON.stringify([user, fresh ?? null, failure ?? null]));
  };
  routes["/fails"] = async (req, res) => {
    req.session.save();
    await req.session.save().catch((error: Error) => res.end(error.message));
  };
  expect((await client().get("/all")).body).toBe('["ann",null,null]');
  expect((await client().get("/fails")).body).toBe("away");
});

test("a callback runs in the context of its own request", async () => {
  const store = new MapStore();
  const { client, routes } = await process(store);
  const context = new AsyncLocalStorage<string>();
  const writing = gate();
  const handle =
    (name: string): Handle =>
    (req, res) =>
      context.run(name, () => {
        req.session[name] = 1;
        req.session.save(() => res.end(context.getStore()));
      });
  Object.assign(routes, { "/x": handle("x"), "/y": handle("y") });
  const ann = client();
  await ann.get("/a");
  store.meddle = (verb) => (verb === "set" ? writing.pass() : undefined);
  const x = ann.get("/x");
  await writing.arrived;
  const y = ann.get("/y");
  await expect.poll(() => store.calls.filter((verb) => verb === "get").length).toBeGreaterThan(2);
  writing.open();
  expect([(await x).body, (await y).body]).toEqual(["x", "y"]);
});
