/** A whole Worker, in workerd: sessions over each store of Cloudflare's platform, behind the Fetch adapter. */
import { afterAll, describe, expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { startWorker } from "../support/cloudflare/miniflare.ts";

const worker = await startWorker();
afterAll(() => worker.close());

const browser = (): Client =>
  new Client((request) =>
    worker.fetch(new URL(request.url).pathname, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
    }),
  );

async function answer(response: Promise<Response>): Promise<unknown> {
  const got = await response;
  return got.status === 200 ? got.json() : `${got.status} ${await got.text()}`;
}

const POST = { method: "POST" };

describe.each(["d1", "durable-object", "shards", "kv"])("a Worker over %s", (store) => {
  const visit = (client: Client, path: string): Promise<unknown> => answer(client.fetch(`/${store}/${path}`, POST));

  test("reading creates nothing, and what is stored comes back", async () => {
    const client = browser();
    expect(await visit(client, "read")).toEqual({});
    expect(await client.cookies()).toBe("");
    expect(await visit(client, "set/theme")).toBe(null);
    expect(await visit(client, "count")).toBe(1);
    expect(await visit(client, "count")).toBe(2);
    expect(await visit(client, "read")).toEqual({ theme: 1, count: 2 });
  });

  test("a login changes the cookie and keeps the data, a logout ends what was copied", async () => {
    const client = browser();
    await visit(client, "set/theme");
    const before = await client.clone();
    await visit(client, "login/ann");
    expect([await visit(client, "who"), await visit(client, "read")]).toEqual(["ann", { theme: 1 }]);
    expect(await visit(before, "who")).toBe(null);
    const copy = await client.clone();
    await visit(client, "logout");
    expect(await visit(copy, "who")).toBe(null);
  });

  test("a cross-site request is refused", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    expect(await answer(browser().fetch(`/${store}/set/a`, { method: "POST", headers }))).toMatch(/^403/);
  });
});

describe.each(["d1", "durable-object", "shards"])("a Worker over %s", (store) => {
  const visit = (client: Client, path: string): Promise<unknown> => answer(client.fetch(`/${store}/${path}`, POST));

  test("twenty requests at once lose nothing", async () => {
    const client = browser();
    await visit(client, "set/start");
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await Promise.all(keys.flatMap((key) => [visit(client, `set/${key}`), visit(client, "count")]));
    expect(await visit(client, "read")).toEqual({
      start: 1,
      count: 20,
      ...Object.fromEntries(keys.map((key) => [key, 1])),
    });
  });

  test("requests that are answered early, and so never end, keep no other waiting", async () => {
    const client = browser();
    await visit(client, "set/start");
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        // What is given no time at all has begun and holds whatever it holds.
        if (index % 4 === 0) return answer(client.fetch(`/early/${store}/${index % 3}/count`, POST));
        return visit(client, "count");
      }),
    );
    const others = answers.filter((_, index) => index % 4 !== 0);
    expect(others.filter((each) => typeof each !== "number")).toEqual([]);
    expect(new Set(others).size).toBe(15);
    expect((await visit(client, "count")) as number).toBeGreaterThan(15);
  });

  test("logins at once keep the limit, and the newest stay", async () => {
    const clients = Array.from({ length: 6 }, browser);
    await Promise.all(clients.map((client) => visit(client, "login/dan")));
    expect(await visit(browser(), "devices/dan")).toBe(3);
    const late = browser();
    await visit(late, "login/dan");
    expect([await visit(late, "devices/dan"), await visit(late, "who")]).toEqual([3, "dan"]);
    const users = await Promise.all(clients.map((client) => visit(client, "who")));
    expect(users.filter((user) => user === "dan").length).toBe(2);
  });

  test("a user's sessions are listed, and revoked with one call", async () => {
    const [phone, laptop, other] = [browser(), browser(), browser()];
    await visit(phone, "login/bob");
    await visit(laptop, "login/bob");
    await visit(other, "login/eve");
    expect(await visit(phone, "devices/bob")).toBe(2);
    await visit(other, "revoke/bob");
    expect([await visit(phone, "who"), await visit(laptop, "who"), await visit(other, "who")]).toEqual([
      null,
      null,
      "eve",
    ]);
    expect(await visit(other, "devices/bob")).toBe(0);
  });
});

/** One call of a store, by the system's clock. */
function call(store: string, name: string, verb: string, ...args: readonly unknown[]): Promise<unknown> {
  return answer(worker.fetch(`/call/${store}/${name}`, { method: "POST", body: JSON.stringify({ verb, args }) }));
}

const record = (expiresAt: number) => ({ payload: "{}", createdAt: 1, seenAt: 1, expiresAt });

describe("the alarm of a Durable Object", () => {
  const alarm = (name: string, method: string): Promise<unknown> => answer(worker.fetch(`/object/${name}`, { method }));

  test("removes what expired a minute ago, and is set again while anything is left", async () => {
    const now = Date.now();
    expect(await alarm("swept", "GET")).toEqual({ result: null });
    for (const key of ["a", "b"]) await call("durable-object", "swept", "create", key, record(now - 120_000));
    await call("durable-object", "swept", "create", "just", record(now - 1000));
    await call("durable-object", "swept", "create", "live", record(now + 7_200_000));
    const first = (await alarm("swept", "GET")) as { result: number };
    expect(first.result).toBeGreaterThanOrEqual(now + 600_000);
    const second = (await alarm("swept", "POST")) as { result: number };
    expect(second.result).toBeGreaterThanOrEqual(now + 600_000);
    expect(await call("durable-object", "swept", "deleteExpired")).toBe(1);
    expect(await call("durable-object", "swept", "get", "live")).toMatchObject(record(now + 7_200_000));
  });

  test("rests when nothing is left", async () => {
    await call("durable-object", "rests", "create", "a", record(Date.now() - 120_000));
    // The alarm that is set stays until it goes off; the one that goes off sets no other.
    const before = await alarm("rests", "GET");
    expect(await alarm("rests", "POST")).toEqual(before);
    expect(await call("durable-object", "rests", "deleteExpired")).toBe(0);
  });
});
