/**
 * What compiles, and what does not: illegal combinations are found before they run.
 */
import { type } from "arktype";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import {
  type AllSessions,
  createSessions,
  type Session,
  type Sessions,
  type Store,
  type StoreSessions,
  type UserSessions,
  type UserStore,
} from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";

const store = memoryStore();
declare const plainStore: Store;
declare const userStore: UserStore;

describe("createSessions()", () => {
  it("gives the verbs that the store can keep", () => {
    expectTypeOf(createSessions({ store })).toEqualTypeOf<AllSessions<Record<string, unknown>>>();
    expectTypeOf(createSessions({ store: userStore })).toEqualTypeOf<UserSessions<Record<string, unknown>>>();
    expectTypeOf(createSessions({ store: plainStore })).toEqualTypeOf<StoreSessions<Record<string, unknown>>>();
    expectTypeOf(createSessions()).toEqualTypeOf<Sessions<Record<string, unknown>>>();
    expectTypeOf(createSessions({ data: "cookie" })).toEqualTypeOf<Sessions<Record<string, unknown>>>();
    expectTypeOf(createSessions({ store, data: "cookie" })).toEqualTypeOf<AllSessions<Record<string, unknown>>>();
  });

  it("has no verb that ends a session without a store, and no listing without an index", () => {
    const stateless = createSessions();
    expectTypeOf(stateless).not.toHaveProperty("revoke");
    expectTypeOf(stateless).not.toHaveProperty("revokeUser");
    expectTypeOf(stateless).not.toHaveProperty("list");
    expectTypeOf(stateless).not.toHaveProperty("get");
    const plain = createSessions({ store: plainStore });
    expectTypeOf(plain).toHaveProperty("revoke");
    expectTypeOf(plain).not.toHaveProperty("list");
    expectTypeOf(plain).not.toHaveProperty("revokeOthers");
    expectTypeOf(createSessions({ store: userStore })).not.toHaveProperty("revokeAll");
  });

  it("refuses what a mode has no use for", () => {
    // @ts-expect-error rotation needs a store
    createSessions({ rotateEvery: "1h" });
    // @ts-expect-error there is no store that could be down
    createSessions({ onOutage: "anonymous" });
    // @ts-expect-error a limit needs an index
    createSessions({ maxSessionsPerUser: 3 });
    // @ts-expect-error nothing is at rest
    createSessions({ encryptAtRest: true });
    // @ts-expect-error data cannot be in a store that is not there
    createSessions({ data: "store" });
    // @ts-expect-error a limit needs an index
    createSessions({ store: plainStore, maxSessionsPerUser: 3 });
    // @ts-expect-error a store that may be missing would silently make sessions that cannot be revoked
    createSessions({ store: store as typeof store | undefined });
    // @ts-expect-error no such option
    createSessions({ store, lifetme: "1d" });
  });

  it("refuses values that cannot be", () => {
    // @ts-expect-error no such unit
    createSessions({ lifetime: "1w" });
    // @ts-expect-error no such preset
    createSessions({ preset: "aal4" });
    // @ts-expect-error no such place
    createSessions({ store, data: "memory" });
    // @ts-expect-error a __Host- cookie belongs to one host
    createSessions({ cookie: { name: "__Host-session", domain: "example.com" } });
    // @ts-expect-error the default name is a __Host- name
    createSessions({ cookie: { domain: "example.com" } });
    // @ts-expect-error a name without a prefix is for insecure cookies
    createSessions({ cookie: { name: "session" } });
    // @ts-expect-error every transport that there is, and one at least
    createSessions({ transports: [] });
    createSessions({ cookie: { name: "__Secure-session", domain: "example.com" } });
    createSessions({ cookie: { name: "session", insecure: true } });
  });
});

describe("initial", () => {
  it("is required as soon as a key must be there", () => {
    createSessions<{ cart?: string[] }>({ store });
    createSessions<{ cart: string[] }>({ store, initial: () => ({ cart: [] }) });
    // @ts-expect-error a new session would have no cart
    createSessions<{ cart: string[] }>({ store });
    // @ts-expect-error a new session would have no cart
    createSessions<{ cart: string[] }>();
    // @ts-expect-error a cart of another kind
    createSessions<{ cart: string[] }>({ store, initial: () => ({ cart: [1] }) });
  });
});

describe("data", () => {
  interface Data {
    count?: number;
    cart: string[];
  }
  const sessions = createSessions<Data>({ store, initial: () => ({ cart: [] }) });

  it("has its type everywhere", () => {
    type Own = Awaited<ReturnType<typeof sessions.open>>;
    expectTypeOf<Own>().toEqualTypeOf<Session<Data>>();
    expectTypeOf<Own["data"]>().toEqualTypeOf<Data>();
    expectTypeOf<Awaited<ReturnType<typeof sessions.get>>>().toEqualTypeOf<Session<Data> | null>();
    void sessions.handle(new Request("https://app.example"), (session) => {
      expectTypeOf(session.data.count).toEqualTypeOf<number | undefined>();
      return new Response();
    });
  });

  it("update() takes functions of the right types only", () => {
    const use = async (session: Session<Data>): Promise<void> => {
      expectTypeOf(await session.update("count", (count = 0) => count + 1)).toEqualTypeOf<number>();
      expectTypeOf(await session.update((data) => void data.cart.push("a"))).toEqualTypeOf<Data>();
      await session.update(async (data) => ({ ...data, count: 1 }));
      // @ts-expect-error no such key
      await session.update("cout", () => 1);
      // @ts-expect-error a text is no number
      await session.update("count", () => "1");
      // @ts-expect-error what push() gives is no data
      await session.update((data) => data.cart.push("a"));
      // @ts-expect-error an instance cannot be replaced
      session.id = "x";
      // @ts-expect-error the store has the user; `login` sets it
      session.userId = "ann";
    };
    expectTypeOf(use).toBeFunction();
  });

  it("must be an object", () => {
    // @ts-expect-error a text has no keys to merge by
    createSessions<string>({ store });
  });
});

describe("schema", () => {
  it("of zod, valibot and arktype gives data its type", () => {
    const initial = () => ({ cart: [] });
    const fromZod = createSessions({ store, initial, schema: z.object({ cart: z.array(z.string()) }) });
    const fromValibot = createSessions({ store, initial, schema: v.object({ cart: v.array(v.string()) }) });
    const fromArk = createSessions({ store, initial, schema: type({ cart: "string[]" }) });
    expectTypeOf(fromZod).toEqualTypeOf<AllSessions<{ cart: string[] }>>();
    expectTypeOf(fromValibot).toEqualTypeOf<AllSessions<{ cart: string[] }>>();
    expectTypeOf(fromArk).toEqualTypeOf<AllSessions<{ cart: string[] }>>();
    // @ts-expect-error the schema wants a cart
    createSessions({ store, schema: z.object({ cart: z.array(z.string()) }) });
  });
});
