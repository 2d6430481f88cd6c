/** docs/leaving.md, done: from each place back to express-session itself, and nobody logs in again. */
import session from "express-session";
import { createSessions } from "sojourn";
import dropin from "sojourn/express-session";
import { toExpressStore } from "sojourn/stores/express-session";
import { memoryStore } from "sojourn/stores/memory";
import { expect, test } from "vitest";
import { Client, type Handle, type Module, site } from "../../support/wire.ts";

const basics = { secret: "kept elsewhere", resave: false, saveUninitialized: false };

const routes: Record<string, Handle> = {
  "/login": (req, res) => {
    req.session.user = "ann";
    res.end();
  },
  "/n": (req, res) => {
    req.session.n = Number(req.session.n ?? 0) + 1;
    res.end();
  },
  "/logout": (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.end())),
  "/": (req, res) => res.end(JSON.stringify({ user: req.session.user, n: req.session.n })),
};

const at = (client: Client, other: { readonly port: number }): Client =>
  Object.assign(new Client(other), { cookie: client.cookie });

test("from the drop-in whose sessions have moved, express-session goes on over the store that they are in", async () => {
  const store = memoryStore();
  const upgrade = { store, after: new Date(0) };
  const before = await site((dropin as Module)({ ...basics, store: new session.MemoryStore(), upgrade }), routes);
  const ann = before.client();
  await ann.get("/login");
  const after = await site(session({ ...basics, store: toExpressStore(store, session) }), routes);
  const there = at(ann, after);
  await there.get("/n");
  expect((await there.get("/")).body).toBe('{"user":"ann","n":1}');
});

test("from a store of ours to another one: each session goes with its request, and a logout counts in both", async () => {
  const store = memoryStore();
  const ours = toExpressStore(store, session);
  const before = await site(session({ ...basics, store: ours }), routes);
  const [ann, bob] = [before.client(), before.client()];
  await ann.get("/login");
  await bob.get("/login");
  const theirs = new session.MemoryStore();
  const { get, destroy } = theirs;
  theirs.get = (sid, done) =>
    get.call(theirs, sid, (error, found) => (error || found ? done(error, found) : ours.get(sid, done)));
  theirs.destroy = (sid, done) =>
    ours.destroy(sid, (error) => (error ? done?.(error) : destroy.call(theirs, sid, done)));
  const after = await site(session({ ...basics, store: theirs }), routes);
  await at(ann, after).get("/n");
  expect((await at(ann, after).get("/")).body).toBe('{"user":"ann","n":1}');
  const { sessions } = theirs as unknown as { sessions: Record<string, string> };
  expect(Object.keys(sessions)).toEqual([ann.sid]);
  await at(ann, after).get("/logout");
  await at(bob, after).get("/logout");
  for (const client of [ann, bob]) expect((await at(client, after).get("/")).body).toBe("{}");
  expect((await store.scan()).items).toEqual([]);
});

test("from sessions of ours to express-session: user and data go with the next request, and ours ends", async () => {
  const sessions = createSessions<{ n?: number }>({ store: memoryStore(), cookie: { name: "sid", insecure: true } });
  const response = await sessions.handle(new Request("http://localhost/"), async (ours) => {
    ours.data.n = 7;
    await ours.login("ann");
    return new Response();
  });
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const theirs = session({ ...basics, store: new session.MemoryStore() }) as unknown as Handle;
  const move: Handle = async (req, _res, next) => {
    const ours = await sessions.open(req as never, { readOnly: true });
    if (req.session.user || !ours.userId) return next();
    Object.assign(req.session, ours.data, { user: ours.userId });
    req.session.save((error) => (error ? next(error) : sessions.revoke(ours.id).then(() => next(), next)));
  };
  const after = await site(
    ((req, res, next) =>
      theirs(req, res, (error) => (error ? next(error) : void move(req, res, next)))) satisfies Handle,
    routes,
  );
  const ann = after.client();
  ann.cookie = cookie;
  expect((await ann.get("/")).body).toBe('{"user":"ann","n":7}');
  expect(ann.cookie).toMatch(/^connect\.sid=/);
  expect((await sessions.list("ann")).items).toEqual([]);
  expect((await ann.get("/")).body).toBe('{"user":"ann","n":7}');
  const copy = after.client();
  copy.cookie = cookie;
  expect((await copy.get("/")).body).toBe("{}");
});
