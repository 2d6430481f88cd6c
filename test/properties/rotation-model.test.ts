/**
 * Random interleavings of one browser's parallel requests and lost answers, over several rotations.
 */
import { describe, expect, it } from "vitest";
import { fc } from "../support/fast-check.ts";
import { type Jar, openWorld, respond, type World } from "../support/stepwise.ts";
import { type AnyData, requestWith, type TestMode } from "../support/visitor.ts";

const MINUTE = 60_000;
const RUNS = Number(process.env.RUNS ?? 150);

describe("rotation, as one browser with parallel requests sees it", () => {
  const request = fc.record({
    action: fc.constantFrom("nothing", "read", "set", "update", "flash"),
    arrives: fc.boolean(),
  });
  const rounds = fc.array(
    fc.record({
      requests: fc.array(request, { minLength: 1, maxLength: 5 }),
      pause: fc.constantFrom(0, 1_000, 29_999, 30_000, 9 * MINUTE, 10 * MINUTE, 3 * 60 * MINUTE),
    }),
    { minLength: 1, maxLength: 6 },
  );

  for (const mode of ["server", "tracked"] as const) {
    it(`nobody is logged out, nothing is lost, and no replay is suspected, in mode ${mode}`, {
      timeout: 60_000 + 400 * RUNS,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), rounds, (scheduler, plan) => browse(openWorld(scheduler, mode), mode, plan)),
        { numRuns: RUNS },
      );
    });
  }

  type Round = { readonly requests: readonly { action: string; arrives: boolean }[]; readonly pause: number };

  async function browse(world: World, mode: TestMode, plan: readonly Round[]): Promise<void> {
    const { sessions, scheduler, clock, events } = world;
    const jar: Jar = { cookie: "" };
    const expected: AnyData = { count: 0 };
    let messages = 0;
    const first = async () => {
      const session = await sessions.open(requestWith());
      await session.login("ann");
      await session.update((data) => void Object.assign(data, { count: 0 }));
      await respond(world, jar, session, true);
    };
    await scheduler.waitFor(first());
    const send = async ({ action, arrives }: Round["requests"][number]) => {
      await scheduler.schedule(Promise.resolve(), "the request is sent");
      const session = await sessions.open(requestWith(jar.cookie));
      expect(session.userId).toBe("ann");
      const key = `k${Object.keys(expected).length}`;
      if (action === "read") expect(session.data.count).toBeGreaterThanOrEqual(0);
      if (action === "set") {
        session.data[key] = true;
        expected[key] = true;
      }
      if (action === "update") {
        expected.count += 1;
        await session.update("count", (count) => count + 1);
      }
      if (action === "flash") {
        messages += 1;
        session.flash("info", key);
      }
      await respond(world, jar, session, arrives);
    };
    for (const { requests, pause } of plan) {
      await scheduler.waitFor(Promise.all(requests.map(send)));
      clock.advance(pause);
    }
    const session = await scheduler.waitFor(sessions.open(requestWith(jar.cookie)));
    expect(session.userId).toBe("ann");
    expect(session.flashes()).toHaveLength(messages);
    if (mode === "server") expect(session.data).toEqual(expected);
    expect(events.filter(({ type }) => ["reuse", "rejected", "expired", "destroyed"].includes(type))).toEqual([]);
  }
});
