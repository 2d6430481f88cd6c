/** The second step: sessions move on use to a store of Sojourn, while processes of every version run. */
import { createHash } from "node:crypto";
import real from "express-session";
import session, { type UpgradeOptions } from "sojourn/express-session";
import { memoryStore } from "sojourn/stores/memory";
import { describe, expect, test } from "vitest";
import { gate } from "../../support/client.ts";
import { MapStore } from "../../support/map-store.ts";
import { Client, type Handle, type Module, site } from "../../support/wire.ts";

const basics = { secret: "kept elsewhere", resave: false, saveUninitialized: false };
const EARLIER = new Date(0);
const LATER = new Date(Date.UTC(9999, 0, 1));

const keyOf = (sid: string): string => createHash("sha256").update(sid).digest("base64url");

/** One old and one new store, and processes over them. */
function world() {
  const rows = new Map<string, string>();
  const store = memoryStore();
  const start = async (upgrade?: Partial<UpgradeOptions>, module: Module = session) => {
    const slow = gate();
    const old = new MapStore(rows);
    const routes: Record<string, Handle> = {
      "/": (req, res) => res.end(JSON.stringify({ ...req.session, cookie: undefined })),
      "/a": (req, res) => {
        req.session.a = Number(req.session.a ?? 0) + 1;
        res.end();
      },
      "/b": (req, res) => {
        req.session.b = 1;
        delete req.session.gone;
        res.end();
      },
      "/slow": async (req, res) => {
        await slow.pass();
        req.session.slow = 1;
        res.end();
      },
      "/login": (req, res, next) => {
        req.session.regenerate((error) => {
          req.session.user = "ann";
          req.session.gone = 1;
          error ? next(error) : res.end();
        });
      },
      "/logout": (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.end())),
    };
    const options = upgrade ? { upgrade: { store, after: LATER, ...upgrade } } : {};
    return { ...(await site(module({ ...basics, store: old, ...options }), routes)), slow, old };
  };
  const moved = async (sid: string): Promise<Record<string, unknown> | undefined> => {
    const record = await store.get(keyOf(sid));
    return record ? { ...JSON.parse(record.payload), cookie: undefined } : undefined;
  };
  return { rows, store, start, moved };
}

const at = (client: Client, other: { readonly port: number }): Client =>
  Object.assign(new Client(other), { cookie: client.cookie });

describe("before its instant", () => {
  test.each([
    ["express-session", real],
    ["the drop-in", session],
  ])("a process of %s and one with the option share every session, and every logout", async (_, module) => {
    const { rows, store, start } = world();
    const before = await start(undefined, module);
    const now = await start({});
    const ann = before.client();
    await ann.get("/login");
    await at(ann, now).get("/a");
    await ann.get("/a");
    expect((await at(ann, now).get("/")).body).toBe('{"user":"ann","gone":1,"a":2}');
    expect((await ann.get("/")).body).toBe('{"user":"ann","gone":1,"a":2}');
    const bob = now.client();
    await bob.get("/login");
    expect((await at(bob, before).get("/")).body).toContain("ann");
    await at(ann, now).get("/logout");
    await at(bob, before).get("/logout");
    for (const each of [ann, bob]) {
      expect((await at(each, now).get("/")).body).toBe("{}");
      expect((await at(each, before).get("/")).body).toBe("{}");
    }
    expect(rows.size).toBe(0);
    expect((await store.scan()).items).toEqual([]);
  });
});

describe("after its instant", () => {
  test("a session moves with its first write and stays logged in; its id is kept as a hash only", async () => {
    const { rows, store, start, moved } = world();
    const before = await start();
    const after = await start({ after: EARLIER });
    const ann = before.client();
    await ann.get("/login");
    const ours = at(ann, after);
    await ours.get("/a");
    expect(rows.size).toBe(0);
    expect(await moved(ann.sid)).toEqual({ user: "ann", gone: 1, a: 1 });
    expect(JSON.stringify((await store.scan()).items)).not.toContain(ann.sid);
    expect((await ours.get("/")).body).toBe('{"user":"ann","gone":1,"a":1}');
    expect(ours.cookie).toBe(ann.cookie);
  });

  test("new sessions begin in the new store, and a login ends the old id in both", async () => {
    const { rows, start, moved } = world();
    const before = await start();
    const after = await start({ after: EARLIER });
    const ann = before.client();
    await ann.get("/a");
    const { sid } = ann;
    const ours = at(ann, after);
    await ours.get("/login");
    expect(rows.size).toBe(0);
    expect(await moved(sid)).toBeUndefined();
    expect(await moved(ours.sid)).toEqual({ user: "ann", gone: 1 });
  });

  test("a logout counts where the session has not moved yet", async () => {
    const { rows, start } = world();
    const before = await start();
    const after = await start({ after: EARLIER });
    const ann = before.client();
    await ann.get("/login");
    await at(ann, after).get("/logout");
    expect(rows.size).toBe(0);
  });
});

describe("while some processes are past the instant and some are not", () => {
  test("a session that has moved is known to those that are not, changes and logout included", async () => {
    const { rows, start, moved } = world();
    const slow = await start({});
    const fast = await start({ after: EARLIER });
    const ann = slow.client();
    await ann.get("/login");
    await at(ann, fast).get("/a");
    expect(rows.size).toBe(0);
    await at(ann, slow).get("/a");
    expect(rows.size).toBe(0);
    expect(await moved(ann.sid)).toMatchObject({ user: "ann", a: 2 });
    await at(ann, slow).get("/logout");
    expect((await at(ann, fast).get("/")).body).toBe("{}");
  });

  test("a request that began before the move keeps its change, on top of what came meanwhile", async () => {
    const { rows, start, moved } = world();
    const slow = await start({});
    const fast = await start({ after: EARLIER });
    const ann = slow.client();
    await ann.get("/login");
    const late = ann.get("/slow");
    await slow.slow.arrived;
    await at(ann, fast).get("/b");
    slow.slow.open();
    expect((await late).status).toBe(200);
    expect(rows.size).toBe(0);
    expect(await moved(ann.sid)).toEqual({ user: "ann", b: 1, slow: 1 });
  });

  test("a request that was under way brings no session back that was moved and ended", async () => {
    const { rows, start, moved } = world();
    const slow = await start({});
    const fast = await start({ after: EARLIER });
    const ann = slow.client();
    await ann.get("/login");
    const late = ann.get("/slow");
    await slow.slow.arrived;
    await at(ann, fast).get("/a");
    await at(ann, fast).get("/logout");
    slow.slow.open();
    await late;
    expect(rows.size).toBe(0);
    expect(await moved(ann.sid)).toBeUndefined();
  });

  test("thirty changes at once, through both, are all kept once the session has moved", async () => {
    const { start, moved } = world();
    const slow = await start({});
    const fast = await start({ after: EARLIER });
    const ann = slow.client();
    await ann.get("/login");
    await at(ann, fast).get("/a");
    await Promise.all(Array.from({ length: 30 }, (_, n) => at(ann, n % 2 ? slow : fast).get(n % 3 ? "/b" : "/a")));
    expect(await moved(ann.sid)).toMatchObject({ user: "ann", b: 1 });
  });
});

test("a store that is down is an error, and logs nobody out", async () => {
  const { start } = world();
  for (const after of [EARLIER, LATER]) {
    const process = await start({ after });
    const ann = process.client();
    await ann.get("/login");
    process.old.meddle = () => Promise.reject(new Error("away"));
    const seen = await at(ann, process).get("/");
    expect(after === LATER ? seen.status : 500).toBe(500);
    expect(seen.setCookie).toEqual([]);
    process.old.meddle = () => undefined;
    expect((await ann.get("/")).body).toContain("ann");
  }
});

test("the instant has to be a date", () => {
  const store = memoryStore();
  expect(() => session({ ...basics, upgrade: { store, after: "soon" as never } })).toThrow(
    /"upgrade.after": expected a Date/,
  );
});
