import { PGlite } from "@electric-sql/pglite";
import { afterAll, expect, it } from "vitest";
import { postgresStore } from "../../src/stores/postgres.ts";
import { contract } from "../support/contract.ts";

// PostgreSQL 18 in WebAssembly: one connection, so calls of one moment are queued and not parallel.
const database = await PGlite.create();
afterAll(() => database.close());

await contract({
  title: "PGlite",
  handles: "shared",
  durable: true,
  histories: 2,
  open: async ({ clock, name }) => {
    const store = postgresStore(database, { clock, table: name, sweepEvery: false });
    await store.health();
    return store;
  },
});

it("PGlite: a watcher that stops is told no more, and the next one is", async () => {
  const open = () => postgresStore(database, { table: "watched", sweepEvery: false });
  const [one, two] = [open(), open()];
  const record = { payload: "", createdAt: 0, seenAt: 0, expiresAt: Date.now() + 60_000 };
  const heard: string[][] = [[], []];
  await one.health();
  for (const [turn, list] of heard.entries()) {
    const stop = one.watch((key) => list.push(key));
    await two.create(`key${turn}`, record);
    await expect.poll(async () => (await database.query("SELECT pg_listening_channels()")).rows).toHaveLength(1);
    await two.delete(`key${turn}`);
    await expect.poll(() => list).toEqual([`key${turn}`]);
    stop();
    await expect.poll(async () => (await database.query("SELECT pg_listening_channels()")).rows).toHaveLength(0);
  }
  expect(heard).toEqual([["key0"], ["key1"]]);
});
