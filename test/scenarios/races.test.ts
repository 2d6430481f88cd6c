/**
 * What a last-write-wins implementation fails: parallel requests on one session, over every embedded store, through Fetch and through Node.
 */
import { afterEach, describe, expect, it } from "vitest";
import { createSessions } from "../../src/index.ts";
import { fakeClock } from "../../src/testing/index.ts";
import { Client, gate } from "../support/client.ts";
import { embeddedStores, type OpenedStore } from "../support/stores.ts";
import { type Application, type World, worlds } from "../support/worlds.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

interface Data {
  count?: number;
  [key: string]: unknown;
}

const application: Application<Data> = async (session, { pathname, searchParams }) => {
  if (pathname === "/set") session.data[searchParams.get("key") as string] = true;
  if (pathname === "/add") await session.update("count", (n = 0) => n + 1);
  if (pathname === "/login") await session.login("ann");
  if (pathname === "/logout") await session.logout();
  return { data: session.data, userId: session.userId ?? null };
};

const places = Object.entries(embeddedStores).flatMap(([name, openStore]) =>
  Object.entries(worlds).map(([world, openWorld]) => ({ where: `${name}, ${world}`, openStore, openWorld })),
);

for (const { where, openStore, openWorld } of places) {
  describe(`parallel requests over ${where}`, () => {
    let opened: OpenedStore;
    let world: World;
    const clock = fakeClock();

    afterEach(async () => {
      await world.close();
      await opened.close();
    });

    async function setUp(): Promise<{ client: Client }> {
      opened = await openStore(clock);
      const sessions = createSessions<Data>({
        secrets: SECRET,
        store: opened.store,
        clock,
        rotateEvery: "10m",
        storeTimeout: "20s",
      });
      world = await openWorld(sessions, application);
      return { client: new Client(world.server) };
    }

    it("keeps all keys of 100 parallel requests that each set their own", async () => {
      const { client } = await setUp();
      await client.fetch("/set?key=first");
      await Promise.all(Array.from({ length: 100 }, (_, index) => client.send(`/set?key=k${index}`)));
      const { data } = (await (await client.fetch("/")).json()) as { data: Data };
      expect(Object.keys(data)).toHaveLength(101);
    });

    it("counts 100 parallel exact updates to 100", async () => {
      const { client } = await setUp();
      await client.fetch("/set?key=first");
      const answers = await Promise.all(
        Array.from({ length: 100 }, async () => (await (await client.send("/add")).json()) as { data: Data }),
      );
      expect(new Set(answers.map(({ data }) => data.count)).size).toBe(100);
      const { data } = (await (await client.fetch("/")).json()) as { data: Data };
      expect(data.count).toBe(100);
    });

    it("logs nobody out when a rotation falls into 50 parallel requests", async () => {
      const { client } = await setUp();
      await client.fetch("/login");
      clock.advance(11 * 60_000);
      const answers = await Promise.all(Array.from({ length: 50 }, () => client.send("/")));
      const users = await Promise.all(
        answers.map(async (answer) => ((await answer.clone().json()) as { userId: string }).userId),
      );
      expect(users).toEqual(Array(50).fill("ann"));
      for (const answer of answers.reverse()) await client.keep(answer);
      expect(await (await client.fetch("/")).json()).toMatchObject({ userId: "ann" });
      clock.advance(11 * 60_000);
      expect(await (await client.fetch("/")).json()).toMatchObject({ userId: "ann" });
    });
  });

  describe(`slow requests over ${where}`, () => {
    let opened: OpenedStore;
    let world: World;
    const clock = fakeClock();

    afterEach(async () => {
      await world.close();
      await opened.close();
    });

    async function setUp() {
      opened = await openStore(clock);
      const sessions = createSessions<Data>({ secrets: SECRET, store: opened.store, clock });
      const slow = gate();
      world = await openWorld(sessions, async (session, url) => {
        if (url.pathname === "/slow") {
          session.data.slow = true;
          await slow.pass();
        }
        if (url.pathname === "/data") session.data.seen = true;
        return application(session, url);
      });
      return { sessions, client: new Client(world.server), slow };
    }

    it("stays logged out when a request that began before the logout ends after it", async () => {
      const { client, slow } = await setUp();
      await client.fetch("/login");
      const thief = await client.clone();
      const late = client.send("/slow");
      await slow.arrived;
      await client.fetch("/logout");
      slow.open();
      const answer = await late;
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(await (await thief.fetch("/")).json()).toMatchObject({ userId: null, data: {} });
    });

    it("does not touch the newer cookie with a late answer to a request from before the login", async () => {
      const { client, slow } = await setUp();
      await client.fetch("/data");
      const late = client.send("/slow");
      await slow.arrived;
      await client.fetch("/login");
      const loggedIn = await client.cookies();
      slow.open();
      await client.keep(await late);
      expect(await client.cookies()).toBe(loggedIn);
      expect(await (await client.fetch("/")).json()).toMatchObject({ userId: "ann" });
    });

    it("treats the replaced id as anonymous for a minute and sends it no cookie", async () => {
      const { client } = await setUp();
      await client.fetch("/data");
      const old = await client.clone();
      await client.fetch("/login");
      const answer = await old.fetch("/read");
      expect(await answer.json()).toMatchObject({ userId: null });
      expect(answer.headers.getSetCookie()).toEqual([]);
      // What it writes cannot be kept, and so it is no success.
      const refused = await old.fetch("/data");
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([409, []]);
      clock.advance(61_000);
      expect((await old.fetch("/data")).headers.getSetCookie()).toHaveLength(1);
    });

    it("carries over what a parallel request stored while the login was under way", async () => {
      const { sessions, client } = await setUp();
      await client.fetch("/data");
      const request = new Request("https://app.example/", { headers: { cookie: await client.cookies() } });
      const session = await sessions.open(request);
      session.data.cart = "mine";
      const other = await sessions.open(
        new Request("https://app.example/", { headers: { cookie: await client.cookies() } }),
      );
      other.data.parallel = true;
      await sessions.commit(other);
      await session.login("ann");
      expect(session.data).toEqual({ seen: true, cart: "mine", parallel: true });
      await sessions.commit(session);
      const stored = await sessions.get(session.id);
      expect(stored?.data).toEqual({ seen: true, cart: "mine", parallel: true });
    });

    it("ends the successor too when a session is revoked while it is being rotated", async () => {
      const { sessions, client } = await setUp();
      await client.fetch("/login");
      const open = async () =>
        sessions.open(new Request("https://app.example/", { headers: { cookie: await client.cookies() } }));
      const [rotating, revoking] = [await open(), await open()];
      const oldId = revoking.id;
      await rotating.rotate();
      await revoking.destroy();
      expect(rotating.id).not.toBe(oldId);
      expect(await sessions.get(rotating.id)).toBeNull();
      expect((await sessions.list("ann")).items).toEqual([]);
    });
  });
}
