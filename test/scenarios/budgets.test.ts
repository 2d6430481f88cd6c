/**
 * What each kind of request may cost: calls of the store, cookies, and encodings of data.
 */
import { describe, expect, it } from "vitest";
import { jsonCodec } from "../../src/codec/json.ts";
import type { Session } from "../../src/index.ts";
import type { StoreVerb } from "../../src/testing/index.ts";
import { type AnyData, MODES, openSite, requestWith, type TestMode } from "../support/visitor.ts";

type Calls = Partial<Record<StoreVerb, number>>;
type Step = (session: Session<AnyData>) => unknown;

interface Case {
  readonly step: Step;
  /** Calls of the store in the modes "server" and "tracked". */
  readonly calls: Calls;
  readonly tracked?: Calls;
  /** Set-Cookie lines: server, tracked, stateless. */
  readonly cookies: readonly [server: number, tracked: number, stateless: number];
}

/** Requests of a user who is logged in and has data. */
const known: Record<string, Case> = {
  "does not look": { step: () => {}, calls: { get: 1 }, cookies: [0, 0, 0] },
  reads: { step: (session) => [session.data.a, session.userId, session.id], calls: { get: 1 }, cookies: [0, 0, 0] },
  "changes nothing": { step: (session) => (session.data.a = 1), calls: { get: 1 }, cookies: [0, 0, 0] },
  changes: { step: (session) => (session.data.a = 2), calls: { get: 1, update: 1 }, cookies: [0, 1, 1] },
  "changes three keys": {
    step: (session) => Object.assign(session.data, { x: 1, y: 2, z: 3 }),
    calls: { get: 1, update: 1 },
    cookies: [0, 1, 1],
  },
  updates: {
    step: (session) => session.update("a", (a) => a + 1),
    calls: { get: 1, update: 1 },
    cookies: [0, 1, 1],
  },
  "leaves a message": {
    step: (session) => session.flash("info", "hi"),
    calls: { get: 1, update: 1 },
    cookies: [0, 0, 1],
  },
  "takes no message": { step: (session) => session.flashes(), calls: { get: 1 }, cookies: [0, 0, 0] },
  "makes a CSRF token": { step: (session) => session.csrfToken(), calls: { get: 1 }, cookies: [0, 0, 0] },
  // The second look finds a session that ended between the load and the question.
  "asks for the signal": { step: (session) => void session.signal, calls: { get: 2 }, cookies: [0, 0, 0] },
  "logs in again": {
    step: (session) => session.login("bob"),
    calls: { get: 2, epoch: 1, replace: 1 },
    cookies: [1, 1, 1],
  },
  "changes and logs in": {
    step: (session) => {
      session.data.a = 2;
      return session.login("bob");
    },
    calls: { get: 2, epoch: 1, replace: 1 },
    cookies: [1, 1, 1],
  },
  rotates: {
    step: (session) => session.rotate(),
    // Before the new value is handed out, one look whether it is still the newest.
    calls: { get: 2, replace: 1 },
    cookies: [1, 1, 1],
  },
  "logs out": { step: (session) => session.logout(), calls: { get: 1, end: 1 }, cookies: [1, 1, 1] },
};

/** Requests without a cookie. */
const anonymous: Record<string, Case> = {
  "does not look": { step: () => {}, calls: {}, cookies: [0, 0, 0] },
  reads: {
    step: (session) => [session.data.a, session.userId, session.id, session.isNew],
    calls: {},
    cookies: [0, 0, 0],
  },
  writes: { step: (session) => (session.data.a = 1), calls: { create: 1 }, cookies: [1, 1, 1] },
  "logs in": { step: (session) => session.login("ann"), calls: { epoch: 1, admit: 1 }, cookies: [1, 1, 1] },
  "writes and logs in": {
    step: (session) => {
      session.data.a = 1;
      return session.login("ann");
    },
    calls: { epoch: 1, admit: 1 },
    cookies: [1, 1, 1],
  },
  "logs out": { step: (session) => session.logout(), calls: {}, cookies: [0, 0, 0] },
};

const used = (calls: Calls): Calls =>
  Object.fromEntries(Object.entries(calls).filter(([, count]) => count > 0)) as Calls;

async function cost(mode: TestMode, cookie: boolean, { step, calls, cookies }: Case): Promise<void> {
  const { visitor, instrument } = openSite({}, mode);
  const browser = visitor();
  if (cookie) {
    await browser.visit(async (session) => {
      session.data.a = 1;
      await session.login("ann");
    });
  }
  instrument.resetCalls();
  const { setCookies } = await browser.visit(step);
  expect(setCookies).toHaveLength(cookies[MODES.indexOf(mode)] as number);
  expect(used(instrument.calls)).toEqual(mode === "stateless" ? {} : calls);
}

for (const mode of MODES) {
  describe(`a request in mode ${mode}`, () => {
    for (const [name, each] of Object.entries(known))
      it(`of a known client that ${name}`, () => cost(mode, true, each));
    for (const [name, each] of Object.entries(anonymous))
      it(`of a stranger that ${name}`, () => cost(mode, false, each));

    it("that is forged or malformed costs no call, and an unknown id costs one", async () => {
      const { visitor, sessions, instrument, inner } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const good = await browser.cookies();
      instrument.resetCalls();
      for (const cookie of [`${good}x`, good.slice(0, -1), `${good.split("=")[0]}=`, good.replace("=", "=AAAA")]) {
        await sessions.commit(await sessions.open(requestWith(cookie)));
      }
      expect(instrument.total).toBe(0);
      await inner.clear();
      await sessions.commit(await sessions.open(requestWith(good)));
      expect(used(instrument.calls)).toEqual(mode === "stateless" ? {} : { get: 1 });
    });
  });
}

for (const mode of ["server", "tracked"] as const) {
  describe(`time in mode ${mode}`, () => {
    const HOUR = 3_600_000;

    it("costs a touch when one is due, and a write for a rotation and one for its first sight", async () => {
      const { visitor, instrument, clock } = openSite({ idle: "10h", lifetime: "1d", rotateEvery: "2h" }, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const costs: [Calls, number][] = [];
      for (const hours of [0, 1, 0, 1, 0, 0, 1]) {
        clock.advance(hours * HOUR);
        instrument.resetCalls();
        const { setCookies } = await browser.visit();
        costs.push([used(instrument.calls), setCookies.length]);
      }
      expect(costs).toEqual([
        [{ get: 1 }, 0],
        [{ get: 1, touch: 1 }, 0],
        [{ get: 1 }, 0],
        [{ get: 1, update: 1 }, 1], // rotated
        [{ get: 1, update: 1 }, 0], // the successor is seen
        [{ get: 1 }, 0],
        [{ get: 1, touch: 1 }, 0],
      ]);
    });

    it("costs no touch beside a change, which carries it", async () => {
      const { visitor, instrument, clock, inner } = openSite({ idle: "10h" }, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      clock.advance(HOUR / 2 + 1);
      instrument.resetCalls();
      const { value: id } = await browser.visit((session) => {
        session.data.a = 1;
        return session.id;
      });
      expect(used(instrument.calls)).toEqual({ get: 1, update: 1 });
      expect((await inner.get(id))?.seenAt).toBe(clock());
    });
  });
}

describe("encodings", () => {
  it("are not made of data that nobody looked at", async () => {
    let encoded = 0;
    const codec = {
      ...jsonCodec,
      encode: (data: unknown) => {
        encoded += 1;
        return jsonCodec.encode(data);
      },
    };
    for (const mode of MODES) {
      const { visitor, clock } = openSite({ codec, idle: "10h", lifetime: "1d" }, mode);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.data.a = 1;
        await session.login("ann");
      });
      encoded = 0;
      await browser.visit((session) => [session.userId, session.id, session.flashes()]);
      clock.advance(3_600_000);
      await browser.visit(); // rotates or touches
      await browser.visit((session) => session.rotate());
      await browser.visit((session) => session.reauthenticate());
      await visitor().visit((session) => [session.id, session.isNew]);
      expect(encoded).toBe(0);
      await browser.visit((session) => session.data.a);
      expect(encoded).toBe(1);
    }
  });
});
