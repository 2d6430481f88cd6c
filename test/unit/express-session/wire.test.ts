/** The same script against express-session itself and against ours: answers, cookies and rows must be the same. */
import { createRequire } from "node:module";
import real from "express-session";
import ours from "sojourn/express-session";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Client, type Handle, type Module, site } from "../../support/wire.ts";

vi.hoisted(() => {
  process.env.NO_DEPRECATION = "express-session";
});

beforeAll(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2030, 0, 1) }));
afterAll(() => void vi.useRealTimers());

const { sign } = createRequire(createRequire(import.meta.url).resolve("express-session"))("cookie-signature") as {
  sign: (value: string, secret: string) => string;
};

const later =
  (res: { end: (body: string) => unknown }, next: (error?: unknown) => void, body: string) =>
  (error?: unknown): void => {
    if (error) next(error);
    else res.end(body);
  };

const routes: Readonly<Record<string, Handle>> = {
  "/": (req, res) => res.end(JSON.stringify({ ...req.session, cookie: undefined, id: req.sessionID })),
  "/none": (req, res) => res.end(String(req.session)),
  "/set": (req, res) => {
    req.session.user = "ann";
    req.session.nested = { list: [1, 2] };
    res.end("set");
  },
  "/deep": (req, res) => {
    (req.session.nested as { list: number[] }).list.push(3);
    res.end("deep");
  },
  "/unset": (req, res) => {
    delete req.session.user;
    res.end("unset");
  },
  "/regenerate": (req, res, next) => {
    const old = req.session;
    req.session.regenerate((error) => {
      req.session.user = "bob";
      later(res, next, `was ${JSON.stringify(old.user)} ${old.id}, is ${req.session.id}`)(error);
    });
  },
  "/login": (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = "bob";
      req.session.save(later(res, next, "in"));
    });
  },
  "/save": (req, res, next) => {
    req.session.user = "ann";
    req.session.save(later(res, next, "saved"));
  },
  "/save-and-change": (req, res, next) => {
    req.session.user = "ann";
    req.session.save((error) => {
      req.session.other = 1;
      later(res, next, "saved")(error);
    });
  },
  "/reload": (req, res, next) => {
    req.session.user = "somebody else";
    req.session.reload((error) => later(res, next, String(req.session?.user))(error));
  },
  "/destroy": (req, res, next) => {
    req.session.destroy((error) => later(res, next, `session ${String(req.session)}`)(error));
  },
  "/null": (req, res) => {
    (req as { session: unknown }).session = null;
    res.end("null");
  },
  "/delete": (req, res) => {
    delete (req as { session?: unknown }).session;
    res.end("deleted");
  },
  "/write": (req, res) => {
    if (!req.session) return res.end("no session");
    res.setHeader("content-type", "text/plain");
    res.write("a");
    req.session.late = true;
    res.end("b");
  },
  "/head": (req, res) => {
    req.session.user = "ann";
    res.writeHead(201, "Made", { "x-it": "is", "set-cookie": "own=1" });
    res.end(Buffer.from("made"));
  },
  "/length": (req, res) => {
    req.session.user = "ann";
    res.setHeader("content-length", 6);
    res.end("length", "utf8");
  },
  "/callbacks": (req, res) => {
    req.session.user = "ann";
    res.write("x", "latin1", () => res.end("y"));
  },
  "/empty": (req, res) => {
    req.session.user = "ann";
    res.statusCode = 204;
    res.end();
  },
  "/error": (req, res) => {
    req.session.user = "ann";
    res.statusCode = 500;
    res.end("failed");
  },
  "/own-cookies": (req, res) => {
    req.session.user = "ann";
    res.setHeader("Set-Cookie", ["a=1", "b=2"]);
    res.end("own");
  },
  "/max-age": (req, res) => {
    req.session.cookie.maxAge = 5000;
    req.session.user = "ann";
    const { maxAge, originalMaxAge, expires } = req.session.cookie;
    res.end(JSON.stringify({ maxAge, originalMaxAge, expires }));
  },
  "/only-cookie": (req, res) => {
    req.session.cookie.maxAge = 9000;
    res.end("cookie");
  },
  "/expires-false": (req, res) => {
    (req.session.cookie as { expires: unknown }).expires = false;
    req.session.user = "ann";
    const { maxAge, originalMaxAge, _expires } = req.session.cookie as {
      maxAge?: unknown;
      originalMaxAge: unknown;
      _expires?: unknown;
    };
    res.end(JSON.stringify({ maxAge, originalMaxAge, _expires }));
  },
  "/attributes": (req, res) => {
    Object.assign(req.session.cookie, {
      path: "/",
      httpOnly: false,
      sameSite: "none",
      domain: "example.com",
      priority: "high",
      partitioned: true,
    });
    req.session.user = "ann";
    res.end(JSON.stringify(req.session.cookie));
  },
  "/touch": (req, res) => {
    req.session.cookie.originalMaxAge = 20_000;
    res.end(String(req.session.touch() === req.session && req.session.resetMaxAge() === req.session));
  },
  "/json": (req, res) => res.end(JSON.stringify(req.session)),
  "/keys": (req, res) =>
    res.end(
      JSON.stringify([Object.keys(req.session), Object.keys(req.session.cookie), req.session.id === req.sessionID]),
    ),
};

type Options = NonNullable<Parameters<Module>[0]>;
type Step = string | readonly [path: string, headers: Record<string, string>];

const basics: Options = { secret: "kept elsewhere", resave: false, saveUninitialized: false };

const options: Readonly<Record<string, Options>> = {
  "the usual options": basics,
  defaults: { secret: "kept elsewhere" },
  "resave and saveUninitialized": { ...basics, resave: true, saveUninitialized: true },
  rolling: { ...basics, rolling: true },
  "rolling with a length": { ...basics, rolling: true, cookie: { maxAge: 60_000 } },
  "a length": { ...basics, cookie: { maxAge: 60_000 } },
  "a date": { ...basics, cookie: { expires: new Date(Date.UTC(2031, 0, 1)) } },
  "unset: destroy": { ...basics, unset: "destroy" },
  "unset: keep": { ...basics, unset: "keep", rolling: true },
  "a name, a path and a domain": {
    ...basics,
    name: "id",
    cookie: { path: "/", domain: "example.com", sameSite: "lax", httpOnly: false },
  },
  "another path": { ...basics, cookie: { path: "/s" } },
  "secure over http": { ...basics, cookie: { secure: true } },
  "secure auto": { ...basics, cookie: { secure: "auto" } },
  "secure behind a proxy": { ...basics, proxy: true, cookie: { secure: true, sameSite: "strict" } },
  "secure auto behind a proxy": { ...basics, proxy: true, cookie: { secure: "auto", sameSite: "auto" as "lax" } },
  "an untrusted proxy": { ...basics, proxy: false, cookie: { secure: "auto" } },
  "a cookie as a function": { ...basics, cookie: (req) => ({ path: "/", maxAge: req.url === "/set" ? 1000 : 2000 }) },
  "several secrets": { ...basics, secret: ["kept elsewhere", "older"] },
  "priority and partitioned": {
    ...basics,
    cookie: { secure: true, priority: "high", partitioned: true, sameSite: true },
    proxy: true,
  },
};

const scripts: Readonly<Record<string, readonly Step[]>> = {
  reads: ["/", "/", "/keys", "/json"],
  writes: ["/set", "/", "/deep", "/", "/unset", "/", "/json"],
  "behind a proxy": [
    ["/set", { "x-forwarded-proto": "https, http" }],
    ["/", { "x-forwarded-proto": "https" }],
    ["/deep", { "x-forwarded-proto": "http" }],
  ],
  regenerates: ["/set", "/regenerate", "/", "/login", "/"],
  saves: ["/save", "/", "/save", "/save-and-change", "/"],
  reloads: ["/set", "/reload", "/"],
  "reloads what is not there": ["/reload"],
  destroys: ["/set", "/destroy", "/", "/set"],
  "destroys what was never stored": ["/destroy", "/"],
  "takes the session away": ["/set", "/null", "/", "/delete", "/"],
  streams: ["/write", "/set", "/write", "/"],
  "answers in many ways": ["/head", "/", "/length", "/callbacks", "/empty", "/error", "/own-cookies", "/"],
  "changes the cookie": ["/max-age", "/", "/only-cookie", "/", "/json", "/expires-false", "/", "/attributes", "/json"],
  touches: ["/set", "/touch", "/json"],
  "is sent nonsense": [
    ["/", { cookie: "connect.sid=s%3Aforged.AAAA" }],
    ["/", { cookie: "connect.sid=unsigned; id=unsigned" }],
    ["/set", { cookie: "connect.sid=; id=" }],
    ["/", { cookie: "connect.sid=%E0%A4%A; a" }],
    ["/", { cookie: 'connect.sid="s:x.y"' }],
    ["/json", { cookie: `connect.sid=${encodeURIComponent(`s:unknown.with.dots`)}` }],
  ],
  "is sent an id that was never given": [
    ["/json", { cookie: `connect.sid=s%3A${encodeURIComponent(sign("made-up", "kept elsewhere"))}` }],
    "/set",
  ],
  "is sent an older signature": [
    ["/set", { cookie: `connect.sid=s%3A${encodeURIComponent(sign("made-up", "older"))}` }],
    "/",
  ],
};

/** What the script sees and leaves behind, with ids that count from 1. */
async function play(module: Module, given: Options, script: readonly Step[]): Promise<unknown> {
  let count = 0;
  const store = new module.MemoryStore();
  const at = await site(module({ ...given, store, genid: () => `id-${++count}` }), routes);
  const client = at.client();
  const seen: unknown[] = [];
  for (const step of script) {
    const [path, headers] = typeof step === "string" ? [step, {}] : step;
    vi.setSystemTime(Date.now() + 250);
    seen.push({ path, ...(await client.get(path, headers)) });
  }
  const { sessions } = store as unknown as { sessions: Record<string, string> };
  return { seen, rows: { ...sessions } };
}

describe.each(Object.entries(options))("with %s", (_, given) => {
  test.each(Object.entries(scripts))("%s", async (_name, script) => {
    vi.setSystemTime(Date.UTC(2030, 0, 1));
    const expected = await play(real, given, script);
    vi.setSystemTime(Date.UTC(2030, 0, 1));
    expect(await play(ours as Module, given, script)).toEqual(expected);
  });
});

describe("what is refused", () => {
  const wrong: readonly unknown[] = [
    { ...basics, genid: "no function" },
    { ...basics, unset: "sometimes" },
    { ...basics, secret: [] },
  ];
  test.each(wrong.map((each) => [each]))("%o", (given) => {
    const complaint = (module: Module): unknown => {
      try {
        return module(given as Options);
      } catch (error) {
        return [(error as Error).name, (error as Error).message];
      }
    };
    expect(complaint(ours as Module)).toEqual(complaint(real));
  });

  test("a request without any secret", async () => {
    const answers = [];
    for (const module of [real, ours as Module]) {
      answers.push(
        await (await site(module({ resave: false, saveUninitialized: false } as Options), routes)).client().get("/"),
      );
    }
    expect(answers[1]).toEqual(answers[0]);
  });
});

test("ids are 24 random bytes, as text that needs no escapes", async () => {
  const client = (await site(ours(basics), routes)).client();
  await client.get("/set");
  expect(client.sid).toMatch(/^[\w-]{32}$/);
});

test("a session of the one is a session of the other, over one store", async () => {
  const store = new real.MemoryStore();
  const theirs = await site(real({ ...basics, store }), routes);
  const mine = await site(ours({ ...basics, store }), routes);
  const client = theirs.client();
  await client.get("/set");
  const moved = new Client(mine);
  moved.cookie = client.cookie;
  expect((await moved.get("/")).body).toContain('"user":"ann"');
  await moved.get("/deep");
  expect(JSON.parse((await client.get("/")).body)).toMatchObject({ nested: { list: [1, 2, 3] } });
  await moved.get("/login");
  client.cookie = moved.cookie;
  expect((await client.get("/")).body).toContain('"user":"bob"');
  await client.get("/destroy");
  expect((await moved.get("/")).body).not.toContain("user");
});
