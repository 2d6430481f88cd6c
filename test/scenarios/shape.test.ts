/**
 * Data with a schema, with versions, and with an initial value.
 */
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createSessions, type StandardSchema } from "../../src/index.ts";
import { type AnyData, anotherServer, MODES, openSite, SECRET, settle } from "../support/visitor.ts";

const asyncSchema: StandardSchema<AnyData> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      await settle();
      const { count } = value as AnyData;
      return count === undefined || Number.isInteger(count)
        ? { value: value as AnyData }
        : { issues: [{ message: "no", path: ["count"] }] };
    },
  },
};

const schemas = {
  zod: z.object({ count: z.number().int().optional() }),
  valibot: v.object({ count: v.optional(v.pipe(v.number(), v.integer())) }),
  arktype: type({ "count?": "number.integer" }),
  "an async schema": asyncSchema,
} as Record<string, StandardSchema<AnyData>>;

for (const [name, schema] of Object.entries(schemas)) {
  describe(`data with ${name}`, () => {
    it("passes when it fits, and nothing is stored when it does not", async () => {
      const { visitor, inner, sessions } = openSite({ schema });
      const browser = visitor();
      const refused = await browser.open();
      refused.data.count = 1.5;
      await expect(async () => sessions.commit(refused)).rejects.toMatchObject({
        code: "SOJOURN_INVALID_DATA",
        message: expect.stringMatching(/count(?!.*1\.5)/),
      });
      expect(inner.size).toBe(0);
      await browser.visit((session) => {
        session.data.count = 1;
      });
      const { value } = await browser.visit((session) =>
        session.update("count", () => "three").catch((error) => error.code),
      );
      expect(value).toBe("SOJOURN_INVALID_DATA");
      const login = await browser.visit(async (session) => {
        session.data.count = 0.5;
        const code = await session.login("ann").catch((error) => error.code);
        session.data.count = 2;
        return code;
      });
      expect(login.value).toBe("SOJOURN_INVALID_DATA");
      expect((await browser.visit((session) => [session.data, session.userId])).value).toEqual([
        { count: 2 },
        undefined,
      ]);
    });

    it("that was stored before the schema and does not fit makes the request anonymous, with an event", async () => {
      const site = openSite();
      const browser = site.visitor();
      await browser.visit((session) => {
        session.data.count = "many";
      });
      const strict = anotherServer(site, { schema });
      const { value } = await (await browser.copy(strict)).visit((session) => [session.isNew, session.data]);
      expect(value).toEqual([true, {}]);
      expect(site.events.at(-1)).toMatchObject({ type: "rejected", reason: "schema" });
      expect((await browser.visit((session) => session.data)).value).toEqual({ count: "many" });
    });
  });
}

describe("a schema that changes what it validates", () => {
  const schema = z.object({ theme: z.string().default("light"), a: z.number().optional(), b: z.number().optional() });

  for (const mode of MODES) {
    it(`costs no write when data is only read, in mode ${mode}`, async () => {
      const { visitor, instrument } = openSite({ schema: schema as never, initial: () => ({ theme: "light" }) }, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.b = 1;
        session.data.a = 1; // the schema gives them in its own order
        session.data.extra = true; // and drops this one
      });
      instrument.resetCalls();
      const { value, setCookies } = await browser.visit((session) => session.data);
      expect(value).toEqual({ theme: "light", a: 1, b: 1 });
      expect(setCookies).toEqual([]);
      expect(instrument.total).toBe(mode === "stateless" ? 0 : 1);
    });
  }

  it("does not put its default over what another request has just set", async () => {
    const site = openSite();
    const browser = site.visitor();
    await browser.visit((session) => {
      session.data.a = 1;
    });
    const strict = anotherServer(site, { schema: schema as never, initial: () => ({ theme: "light" }) });
    const visitor = await browser.copy(strict);
    const [slow, fast] = [await visitor.open(), await visitor.open()];
    slow.data.b = 1;
    fast.data.theme = "dark";
    await strict.commit(fast);
    await strict.commit(slow);
    expect((await visitor.visit((session) => session.data)).value).toEqual({ theme: "dark", a: 1, b: 1 });
  });
});

describe("a schema that throws", () => {
  it("makes the request anonymous, and is no error of the request", async () => {
    const site = openSite();
    const browser = site.visitor();
    await browser.visit((session) => {
      session.data.a = 1;
    });
    let armed = false;
    const validate = (value: unknown) => {
      if (armed) throw new Error("the schema itself is broken");
      return { value: value as AnyData };
    };
    const strict = anotherServer(site, { schema: { "~standard": { version: 1, vendor: "test", validate } } });
    armed = true;
    const { value } = await (await browser.copy(strict)).visit((session) => session.isNew);
    expect(value).toBe(true);
  });
});

describe("versions of data", () => {
  const v2 = {
    version: 2,
    migrate: (data: AnyData, from: number) => (from < 2 ? { names: [data.name] } : data),
    schema: z.strictObject({ names: z.array(z.string()).optional(), n: z.number().optional() }) as never,
  };

  for (const mode of MODES) {
    it(`are migrated when they are loaded, and kept migrated by the next write, in mode ${mode}`, async () => {
      const site = openSite({}, mode);
      const browser = site.visitor();
      await browser.visit((session) => {
        session.data.name = "Ann";
      });
      const next = await browser.copy(anotherServer(site, v2, mode));
      const { value, setCookies } = await next.visit((session) => session.data);
      expect(value).toEqual({ names: ["Ann"] });
      expect(setCookies).toEqual([]);
      await next.visit((session) => {
        session.data.n = 1;
      });
      const again = anotherServer(site, { ...v2, migrate: () => Promise.reject(new Error("migrated twice")) }, mode);
      const last = await (await next.copy(again)).visit((session) => session.data);
      expect(last.value).toEqual({ names: ["Ann"], n: 1 });
    });

    it(`survive a write that did not look at the data, in mode ${mode}`, async () => {
      const site = openSite({}, mode);
      const browser = site.visitor();
      await browser.visit((session) => {
        session.data.name = "Ann";
      });
      const next = await browser.copy(anotherServer(site, v2, mode));
      await next.visit((session) => session.flash("info", "no look"));
      expect((await next.visit((session) => session.data)).value).toEqual({ names: ["Ann"] });
      await next.visit((session) => session.rotate());
      expect((await next.visit((session) => session.data)).value).toEqual({ names: ["Ann"] });
    });

    it(`stay the newer ones when a process of the older release writes, in mode ${mode}`, async () => {
      const site = openSite({}, mode);
      const newer = await site.visitor().copy(anotherServer(site, v2, mode));
      await newer.visit((session) => {
        session.data.names = ["Ann"];
      });
      const older = await newer.copy(anotherServer(site, {}, mode));
      await older.visit((session) => {
        session.data.n = 1;
      });
      await older.visit((session) => session.update("n", (n: number) => n + 1));
      await older.visit((session) => session.rotate());
      const strict = { ...v2, migrate: () => Promise.reject(new Error("migrated twice")) };
      const back = await older.copy(anotherServer(site, strict, mode));
      expect((await back.visit((session) => session.data)).value).toEqual({ names: ["Ann"], n: 2 });
    });

    it(`are what update() gives to its function, in mode ${mode}`, async () => {
      const site = openSite({}, mode);
      const browser = site.visitor();
      await browser.visit((session) => {
        session.data.name = "Ann";
      });
      const next = await browser.copy(anotherServer(site, v2, mode));
      await next.visit((session) => session.update((data) => void data.names.push("Bo")));
      expect((await next.visit((session) => session.data)).value).toEqual({ names: ["Ann", "Bo"] });
    });
  }

  it("follow the data and not the record when an answer with migrated data was lost", async () => {
    const site = openSite({}, "tracked");
    const browser = site.visitor();
    await browser.visit((session) => {
      session.data.name = "Ann";
    });
    const next = await browser.copy(anotherServer(site, v2, "tracked"));
    await next.send((session) => {
      session.data.n = 1; // stored as version 2; the cookie is lost
    });
    expect((await next.visit((session) => session.data)).value).toEqual({ names: ["Ann"] });
  });

  it("are merged in the present shape when a process of the old release wins the race", async () => {
    const site = openSite();
    const browser = site.visitor();
    await browser.visit((session) => {
      session.data.name = "Ann";
    });
    const server = anotherServer(site, { ...v2, schema: undefined as never });
    const slow = await (await browser.copy(server)).open();
    slow.data.n = 1;
    await browser.visit((session) => {
      session.data.name = "Bo";
    });
    await server.commit(slow);
    const { value } = await (await browser.copy(server)).visit((session) => session.data);
    expect(value).toEqual({ names: ["Bo"], n: 1 });
  });

  it("that cannot be migrated make the request anonymous", async () => {
    const site = openSite();
    const browser = site.visitor();
    await browser.visit((session) => {
      session.data.name = "Ann";
    });
    const results = [() => undefined, () => "text", () => [1], () => Promise.reject(new Error("no")), () => null];
    for (const migrate of results) {
      const server = anotherServer(site, { version: 1, migrate });
      expect((await (await browser.copy(server)).visit((session) => session.isNew)).value).toBe(true);
      expect(site.events.at(-1)).toMatchObject({ type: "rejected", reason: "schema" });
    }
    const unserialisable = anotherServer(site, { version: 1, migrate: () => ({ when: new Date() }) });
    expect((await (await browser.copy(unserialisable)).visit((session) => session.isNew)).value).toBe(true);
  });
});

describe("initial", () => {
  for (const mode of MODES) {
    it(`is the data of a new session, shared with no other, in mode ${mode}`, async () => {
      const constant = { cart: [] as string[] };
      const { visitor } = openSite({ initial: () => constant }, mode);
      const [ann, bob] = [visitor(), visitor()];
      await ann.visit((session) => session.data.cart.push("ann's"));
      expect(constant).toEqual({ cart: [] });
      await bob.visit((session) => session.data.cart.push("bob's"));
      expect((await ann.visit((session) => session.data)).value).toEqual({ cart: ["ann's"] });
      expect((await bob.visit((session) => session.data)).value).toEqual({ cart: ["bob's"] });
      const out = await ann.visit(async (session) => {
        await session.login("ann");
        await session.logout();
        return session.data;
      });
      expect(out.value).toEqual({ cart: [] });
    });

    it(`is not stored by looking at it, even when it is different each time, in mode ${mode}`, async () => {
      let calls = 0;
      const initial = () => {
        calls += 1;
        return { visit: calls };
      };
      const { visitor, instrument } = openSite({ initial }, mode);
      const { value, setCookies } = await visitor().visit((session) => session.data.visit);
      expect(value).toBe(calls);
      expect(setCookies).toEqual([]);
      expect(instrument.total).toBe(0);
    });
  }

  it("that the schema refuses is said at start", () => {
    const options = { secrets: SECRET, schema: z.object({ cart: z.array(z.string()) }) };
    expect(() => createSessions({ ...options, initial: () => ({ cart: [] }) })).not.toThrow();
    const wrong = { ...options, initial: () => ({ cart: 5 }) } as never;
    expect(() => createSessions(wrong)).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    expect(() => createSessions(options as never)).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
  });

  it("with an async schema that rejects does not end the process", async () => {
    const validate = () => Promise.reject(new Error("the database of the schema is down"));
    createSessions({ secrets: SECRET, schema: { "~standard": { version: 1, vendor: "test", validate } } });
    await settle();
  });
});
