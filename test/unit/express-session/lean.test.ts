/** What applications and packages lean on without being told to: each scene over express-session and over ours. */
import { request } from "node:http";
import real from "express-session";
import ours from "sojourn/express-session";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Handle, type Module, site } from "../../support/wire.ts";

vi.hoisted(() => {
  process.env.NO_DEPRECATION = "express-session";
});

const basics = { secret: "kept elsewhere", resave: false, saveUninitialized: false };

interface Scene {
  readonly routes: Readonly<Record<string, Handle>>;
  readonly paths: readonly string[];
  readonly options?: object;
  /** Called with the store when the middleware is made. */
  readonly prepare?: (store: real.Store, module: Module) => void;
}

/** What a browser sees, and what the application wrote into its log. */
type Noted = real.Store & { readonly log: string[] };

function logOf(store: object): string[] {
  return (store as Noted).log;
}

const scenes: Readonly<Record<string, Scene>> = {
  "the classes have their names": {
    routes: {
      "/": ({ session }, res) =>
        res.end(
          [session, session.cookie].map((each) => Object.prototype.toString.call(each)).join() + describeClass(session),
        ),
    },
    paths: ["/"],
  },
  "a cookie is copied by for … in": {
    routes: {
      "/": ({ session }, res) => {
        const names: string[] = [];
        for (const name in session.cookie) names.push(name);
        res.end(names.join());
      },
    },
    paths: ["/"],
    options: { cookie: { maxAge: 60_000 } },
  },
  "false in the place of the session is no session, and ends none": {
    routes: {
      "/set": set,
      "/false": (req, res) => {
        Object.assign(req, { session: false });
        res.end("false");
      },
      "/": show,
    },
    paths: ["/set", "/false", "/"],
    options: { unset: "destroy" },
  },
  "save of the session itself is what stores it": {
    routes: {
      "/": (req, res) => {
        wrapSave(req.session, () => logOf(req.sessionStore).push("own save"));
        req.session.user = "ann";
        res.end("set");
      },
      "/see": show,
    },
    paths: ["/", "/see", "/"],
  },
  "save of the class is what stores it": {
    routes: { "/": set, "/see": show },
    paths: ["/", "/see"],
    prepare: (store, module) => {
      onTestFinished(wrapSave(module.Session.prototype, () => logOf(store).push("patched save")));
    },
  },
  "generate of the store makes each new session, and what it adds is no change": {
    routes: {
      "/": show,
      "/regenerate": (req, res) => {
        req.session.regenerate(() => res.end(JSON.stringify(req.session)));
      },
    },
    paths: ["/", "/regenerate", "/"],
    prepare: (store) => {
      const { generate } = store as unknown as { generate: (req: { session: object }) => void };
      Object.assign(store, {
        generate(this: object, req: { session: object }) {
          generate.call(this, req);
          Object.assign(req.session, { made: true });
          logOf(store).push("generated");
        },
      });
    },
  },
  "an answer that is ended twice is the first one": {
    routes: {
      "/": (req, res) => {
        req.session.user = "ann";
        res.end("first");
        res.end("second");
      },
      "/unchanged": (_req, res) => {
        res.end("first");
        res.end("second");
      },
    },
    paths: ["/", "/unchanged", "/"],
  },
};

/** As tracing and promise wrappers do it. Gives the way back. */
function wrapSave(target: object, tell: () => void): () => void {
  const { save } = target as { save: (...args: unknown[]) => unknown };
  Object.assign(target, {
    save(this: object, ...args: unknown[]) {
      tell();
      return save.apply(this, args);
    },
  });
  return () => {
    Object.assign(target, { save });
  };
}

function describeClass(value: object): string {
  return `${value.constructor.name} ${(value as { cookie?: object }).cookie?.constructor ? "with a cookie" : "bare"}`;
}

function set(req: Parameters<Handle>[0], res: Parameters<Handle>[1]): void {
  req.session.user = "ann";
  res.end("set");
}

function show(req: Parameters<Handle>[0], res: Parameters<Handle>[1]): void {
  res.end(JSON.stringify(req.session));
}

async function play(module: Module, scene: Scene): Promise<unknown> {
  let count = 0;
  const log: string[] = [];
  const store = Object.assign(new module.MemoryStore(), { log });
  const middleware = module({ ...basics, ...scene.options, store, genid: () => `id-${++count}` });
  scene.prepare?.(store, module);
  const client = (await site(middleware, scene.routes)).client();
  const bodies = [];
  for (const path of scene.paths) bodies.push((await client.get(path)).body);
  return { bodies, log, ids: Object.keys((store as unknown as { sessions: object }).sessions) };
}

test.each(Object.entries(scenes))("%s", async (_name, scene) => {
  expect(await play(ours as Module, scene)).toEqual(await play(real, scene));
});

describe("OPTIONS *", () => {
  test.each([
    ["express-session", real],
    ["ours", ours as Module],
  ] as const)("is within no path: %s", async (_, module) => {
    const seen: unknown[] = [];
    const middleware = module({ ...basics });
    const { port } = await site(
      (req: { url: string; session?: object }, res: never, next: () => void) => {
        (middleware as unknown as (...args: unknown[]) => void)(req, res, () => {
          seen.push(req.session);
          Object.assign(req, { url: "/" });
          next();
        });
      },
      { "/": (_req, res) => res.end("options") },
    );
    await new Promise((resolve, reject) => {
      request({ port, method: "OPTIONS", path: "*", agent: false }, (res) => res.resume().on("end", resolve))
        .on("error", reject)
        .end();
    });
    expect(seen).toEqual([undefined]);
  });
});

describe("a signature that was right once", () => {
  const routes: Scene["routes"] = { "/set": set, "/": show };

  test("counts no longer when the application has taken its secret away", async () => {
    const secret = ["new", "old"];
    const store = new ours.MemoryStore();
    const { client } = await site(ours({ ...basics, secret, store }), routes);
    const older = (await site(ours({ ...basics, secret: "old", store }), routes)).client();
    await older.get("/set");
    const ann = client();
    ann.cookie = older.cookie;
    expect((await ann.get("/")).body).toContain("ann");
    expect((await ann.get("/")).body).toContain("ann");
    secret.pop();
    expect((await ann.get("/")).body).not.toContain("ann");
  });

  test("is known by the whole cookie", async () => {
    const ann = (await site(ours(basics), routes)).client();
    await ann.get("/set");
    expect((await ann.get("/")).body).toContain("ann");
    const right = ann.cookie;
    for (const wrong of [right.slice(0, -1), `${right}A`, right.replace("s%3A", "s%3Ax")]) {
      ann.cookie = wrong;
      expect((await ann.get("/")).body).not.toContain("ann");
    }
    ann.cookie = right;
    expect((await ann.get("/")).body).toContain("ann");
  });
});
