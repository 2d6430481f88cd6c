import { describe, expect, it } from "vitest";
import { resolveLifetime } from "../../src/config/lifetime.ts";
import { milliseconds } from "../../src/duration.ts";
import { expiryOf, judgeTimes, type Lifetime, touchDue } from "../../src/record/lifetime.ts";
import { fc } from "../support/fast-check.ts";

const SECOND = 1_000;
const DAY = 86_400_000;

/** As text, for short limits as bare numbers are taken for seconds and refused. */
const seconds = (ms: number): `${number}s` => `${ms / SECOND}s`;

/** Valid limits, as `resolveLifetime` gives them. */
const limits: fc.Arbitrary<Lifetime> = fc
  .tuple(fc.integer({ min: SECOND, max: 400 * DAY }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([lifetime, share]) =>
    resolveLifetime({ lifetime: seconds(lifetime), idle: seconds(Math.max(SECOND, Math.floor(lifetime * share))) }),
  );
const instants = fc.integer({ min: 0, max: 4_000_000_000_000 });

describe("judgeTimes() and expiryOf()", () => {
  it("agree to the millisecond: live until the record expires, and over from then on", () => {
    fc.assert(
      fc.property(limits, instants, fc.nat(400 * DAY), (limit, startedAt, used) => {
        const endsAt = startedAt + limit.lifetime;
        const seenAt = startedAt + (used % limit.lifetime);
        const expiresAt = expiryOf(seenAt, endsAt, limit);
        expect(judgeTimes(seenAt, endsAt, limit, expiresAt - 1)).toBe("live");
        expect(judgeTimes(seenAt, endsAt, limit, expiresAt)).not.toBe("live");
        expect(expiresAt).toBeLessThanOrEqual(endsAt);
        expect(expiresAt).toBeLessThanOrEqual(seenAt + limit.idle);
      }),
    );
  });

  it("no sequence of uses goes past the lifetime, and none within the idle time is refused", () => {
    fc.assert(
      fc.property(
        limits,
        instants,
        fc.array(fc.double({ min: 0, max: 1.2, noNaN: true })),
        (limit, startedAt, pauses) => {
          const endsAt = startedAt + limit.lifetime;
          let [seenAt, now] = [startedAt, startedAt];
          for (const pause of pauses) {
            now += Math.floor(pause * limit.idle);
            const verdict = judgeTimes(seenAt, endsAt, limit, now);
            if (now >= endsAt) expect(verdict).toBe("lifetime");
            else expect(verdict).toBe(now - seenAt >= limit.idle ? "idle" : "live");
            if (verdict !== "live") return;
            if (touchDue(seenAt, limit, now)) seenAt = now;
          }
        },
      ),
    );
  });

  it("the throttle of the touch costs at most touchEvery of the idle time", () => {
    fc.assert(
      fc.property(limits, instants, fc.nat(), (limit, seenAt, after) => {
        const now = seenAt + (after % (2 * limit.touchEvery + 1));
        const written = touchDue(seenAt, limit, now) ? now : seenAt;
        expect(now - written).toBeLessThanOrEqual(limit.touchEvery);
        expect(limit.touchEvery).toBeLessThan(limit.idle);
      }),
    );
  });

  it("a clock that steps back makes nothing expire and nothing due", () => {
    fc.assert(
      fc.property(limits, instants, fc.nat(400 * DAY), (limit, seenAt, back) => {
        expect(judgeTimes(seenAt, seenAt + limit.lifetime, limit, seenAt - back)).toBe("live");
        expect(touchDue(seenAt, limit, seenAt - back)).toBe(false);
      }),
    );
  });
});

describe("milliseconds()", () => {
  it("reads what it says, and refuses everything else", () => {
    const unit = { s: SECOND, m: 60 * SECOND, h: 3_600 * SECOND, d: DAY } as const;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.constantFrom("s", "m", "h", "d"), (count, letter) => {
        expect(milliseconds("idle", `${count}${letter}`)).toBe(count * unit[letter]);
        expect(milliseconds("idle", count)).toBe(count);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^\d+(\.\d+)?[smhd]$/.test(text));
        expect(() => milliseconds("idle", text as never)).toThrow(
          expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }),
        );
      }),
    );
  });
});
