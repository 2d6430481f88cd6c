/** The tables of a Durable Object, over the storage of a database in memory: made, brought up to date, or refused. */
import Database from "libsql";
import { describe, expect, test } from "vitest";
import { prepareStorage } from "../../../src/stores/cloudflare/durable-object/storage.ts";
import type { ObjectState } from "../../../src/stores/cloudflare.ts";
import { SessionObject } from "../../../src/stores/cloudflare.ts";
import { cloudflareStatements, MADE_AT } from "../../support/release-0-1-0.ts";

type Row = Record<string, unknown>;

/** The part of an object's state that its tables need. */
function stateOver(database: InstanceType<typeof Database>): ObjectState {
  const exec = (query: string, ...values: unknown[]) => {
    const statement = database.prepare(query);
    const rows = statement.reader ? (statement.all(...values) as Row[]) : [];
    if (!statement.reader) statement.run(...values);
    return { toArray: () => rows };
  };
  return {
    id: { toString: () => "id" },
    storage: {
      sql: { exec },
      transactionSync: (work) => work(),
      getAlarm: async () => null,
      setAlarm: async () => {},
    },
  };
}

async function ask(state: ObjectState, verb: string, ...args: unknown[]): Promise<unknown> {
  const question = { verb, now: MADE_AT + 1000, args };
  const answer = await new SessionObject(state).fetch({ json: async () => question });
  return ((await answer.json()) as { result: unknown }).result;
}

const login = { payload: "{}", userId: "ann", createdAt: MADE_AT, seenAt: MADE_AT, expiresAt: MADE_AT + 3_600_000 };

describe("the tables of an object", () => {
  test("of release 0.1.0 are brought up to date, with every session and revocation in them", async () => {
    const database = new Database(":memory:");
    for (const sql of cloudflareStatements("sojourn_sessions")) database.exec(sql);
    const state = stateOver(database);
    expect(await ask(state, "get", "ann-phone")).toMatchObject({ userId: "ann", version: 7 });
    expect(await ask(state, "epoch", "bob")).toBe("0.1");
    expect(await ask(state, "deleteAll", "ann", { at: MADE_AT + 500 })).toEqual(["ann-phone"]);
    const epoch = await ask(state, "epoch", "ann");
    const revoked = await ask(state, "admit", "late", login, { epoch, since: MADE_AT });
    expect(revoked).toEqual({ status: "revoked" });
    // As that release looks: it takes no other number here.
    const layout = database.prepare("SELECT value FROM sojourn_sessions_meta WHERE name = 'layout'").get();
    expect(layout).toMatchObject({ value: 1 });
  });

  test("that are new begin at epoch 0, for the epochs of several objects are compared", async () => {
    expect(await ask(stateOver(new Database(":memory:")), "epoch", "ann")).toBe("0.0");
  });

  test("of a later layout that this code does not work on are refused by name", () => {
    const state = stateOver(new Database(":memory:"));
    prepareStorage(state).exec("UPDATE sojourn_sessions_meta SET value = 9 WHERE name = 'layout'");
    expect(() => prepareStorage(state)).toThrow(/layout 9.*use the release that wrote them/);
  });
});
