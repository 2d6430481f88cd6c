/** Parts of one request that succeed and fail by themselves: procedures of a batch, operations of GraphQL. */
import { describe, expect, it } from "vitest";
import { partOf } from "../../src/adapters/adapter.ts";
import { createSessions, type Session } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { Client } from "../support/client.ts";
import { SECRET } from "../support/visitor.ts";

interface Data {
  list?: string[];
  [key: string]: unknown;
}

describe.each(["a store", "the cookie alone"])("a part of a request, with %s", (place) => {
  const sessions =
    place === "a store"
      ? createSessions<Data>({ secrets: SECRET, store: memoryStore() })
      : createSessions<Data>({ secrets: SECRET });

  function visitor(): (act: (session: Session<Data>) => unknown) => Promise<number> {
    let act: (session: Session<Data>) => unknown = () => {};
    const client = new Client((request) =>
      sessions.handle(request, async (session) => {
        await act(session);
        return new Response();
      }),
    );
    return async (next) => {
      act = next;
      return (await client.fetch()).status;
    };
  }

  const stored = async (visit: ReturnType<typeof visitor>): Promise<unknown> => {
    let found: unknown;
    await visit((session) => {
      found = { ...session.data };
    });
    return found;
  };

  it("keeps what succeeded, key by key, and gives up what failed, in values too", async () => {
    const visit = visitor();
    await visit((session) => {
      session.data.list = ["a"];
      session.data.gone = 1;
    });
    await visit(async (session) => {
      const [one, two, three] = [partOf(session), partOf(session), partOf(session)];
      one.data.one = 1;
      delete one.data.gone;
      two.data.list?.push("lost");
      two.flash("info", "lost");
      three.data = { ...three.data, three: 3 };
      three.flash("info", "kept");
      expect([session.data.one, two.data.one]).toEqual([undefined, undefined]);
      for (const part of [three, one]) part.keep();
      two.drop();
      expect(() => {
        one.data.late = true;
      }).toThrow(expect.objectContaining({ code: "SOJOURN_COMMITTED" }));
    });
    expect(await stored(visit)).toEqual({ list: ["a"], one: 1, three: 3 });
    await visit((session) => expect(session.flashes()).toEqual([{ kind: "info", text: "kept" }]));
  });

  it("takes along with a verb what was changed before it, and gives up what comes after", async () => {
    const visit = visitor();
    await visit(async (session) => {
      const part = partOf(session);
      const held = part.data;
      part.data.list = ["before"];
      await part.login("ann");
      expect([part.userId, part.data === held]).toEqual(["ann", true]);
      part.data.list?.push("after");
      part.drop();
    });
    expect(await stored(visit)).toEqual({ list: ["before"] });
    await visit(async (session) => {
      const part = partOf(session);
      expect(await part.update("count", (n: unknown) => Number(n ?? 0) + 1)).toBe(1);
      expect(part.data).toEqual({ list: ["before"], count: 1 });
      part.data.lost = true;
      part.discard();
      expect(part.data).toEqual({ list: ["before"], count: 1 });
      await part.logout();
      expect([part.userId, part.data]).toEqual([undefined, {}]);
      part.keep();
    });
    expect(await stored(visit)).toEqual({});
  });

  it("can have parts itself", async () => {
    const visit = visitor();
    await visit(async (session) => {
      const whole = partOf(session);
      const [good, bad] = [partOf(whole), partOf(whole)];
      good.data.good = 1;
      bad.data.bad = 1;
      good.keep();
      bad.drop();
      expect([whole.data, session.data]).toEqual([{ good: 1 }, {}]);
      whole.keep();
      expect(partOf(session).id).toBe(session.id);
    });
    expect(await stored(visit)).toEqual({ good: 1 });
  });

  it("says when what it changed comes too late, or cannot be stored", async () => {
    let late: (() => void) | undefined;
    const visit = visitor();
    await visit(async (session) => {
      const part = partOf(session);
      part.data.late = true;
      late = () => part.keep();
      const bad = partOf(session);
      bad.data.bad = () => {};
      expect(() => bad.keep()).toThrow(expect.objectContaining({ code: "SOJOURN_DATA_NOT_SERIALISABLE" }));
      bad.drop();
    });
    expect(late).toThrow(expect.objectContaining({ code: "SOJOURN_COMMITTED" }));
    expect(await stored(visit)).toEqual({});
  });
});
