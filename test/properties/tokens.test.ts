import { describe, expect, it } from "vitest";
import * as base64url from "../../src/crypto/base64url.ts";
import { createKeyRing } from "../../src/crypto/keyring.ts";
import { judgeGeneration, mayRotate } from "../../src/record/generation.ts";
import { identityOf } from "../../src/token/identity.ts";
import { tokenBearer } from "../../src/token/opaque.ts";
import { fc } from "../support/fast-check.ts";
import { SECRET, SECRET_2 } from "../support/visitor.ts";

const ids = fc.uint8Array({ minLength: 18, maxLength: 18 });
const generations = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const record = { createdAt: 0, seenAt: 0, expiresAt: 1 };

const ring = (secrets: string, audience = "") => createKeyRing(secrets, { audience });
const PLACE = "__Host-session";
const both = `${SECRET},${SECRET_2}`;

async function issue(id: Uint8Array, generation: number, keys = ring(SECRET)): Promise<string> {
  const meta = { endsAt: 1, rotatedAt: 0, generation };
  return tokenBearer(keys, PLACE).issue({ identity: await identityOf(id), content: { meta, encoded: "{}" }, record });
}

describe("tokens", () => {
  it("give back their id and generation, are 52 letters, and have one spelling", async () => {
    const bearer = tokenBearer(ring(SECRET), PLACE);
    await fc.assert(
      fc.asyncProperty(ids, generations, async (id, generation) => {
        const token = await issue(id, generation);
        expect(token).toMatch(/^[\w-]{52}$/);
        expect(await issue(id, generation)).toBe(token);
        expect(await bearer.read(token)).toEqual({ id, generation, outdated: false });
      }),
    );
  });

  it("are foreign with any bit changed, of any length but theirs, to another audience, and in another place", async () => {
    const bearer = tokenBearer(ring(SECRET), PLACE);
    await fc.assert(
      fc.asyncProperty(ids, generations, fc.nat(39 * 8 - 1), async (id, generation, bit) => {
        const token = await issue(id, generation);
        const bytes = Uint8Array.from(base64url.decode(token) as Uint8Array);
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        for (const changed of [
          base64url.encode(bytes),
          token.slice(bit % 52),
          token + token[bit % 52],
          token + token,
        ]) {
          if (changed !== token) expect(await bearer.read(changed)).toBe("foreign");
        }
        expect(await tokenBearer(ring(SECRET, "other"), PLACE).read(token)).toBe("foreign");
        expect(await tokenBearer(ring(SECRET), "__Host-admin").read(token)).toBe("foreign");
        expect(await tokenBearer(ring(SECRET.replace("0Fq3", "0Fq4")), PLACE).read(token)).toBe("foreign");
      }),
    );
  });

  it("never make any text throw", async () => {
    const bearer = tokenBearer(ring(SECRET), PLACE);
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ minLength: 52, maxLength: 52 }),
      fc.base64String({ minLength: 52, maxLength: 52 }),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await bearer.read(text)).toBe("foreign");
        expect(["undefined", "number"]).toContain(typeof bearer.kidOf(text));
      }),
    );
  });

  it("of a key that only reads are outdated; of a revoked one they are refused as such", async () => {
    await fc.assert(
      fc.asyncProperty(ids, generations, async (id, generation) => {
        const old = await issue(id, generation, ring(SECRET_2));
        expect(await tokenBearer(ring(both), PLACE).read(old)).toEqual({ id, generation, outdated: true });
        expect(await tokenBearer(ring(`${SECRET},!k2`), PLACE).read(old)).toBe("revoked-key");
        expect(await tokenBearer(ring(SECRET), PLACE).read(old)).toBe("foreign");
      }),
      { numRuns: 20 },
    );
  });

  it("name their key, as anybody can see", async () => {
    const token = await issue(new Uint8Array(18), 0, ring(SECRET_2));
    expect(tokenBearer(ring(SECRET), PLACE).kidOf(token)).toBe(2);
  });
});

describe("judgeGeneration()", () => {
  const times = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const grace = fc.integer({ min: 0, max: 300_000 });

  it("accepts the current one always, a newer one always, and anything older than the predecessor never", () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.nat(1_000),
        fc.option(times, { nil: undefined }),
        grace,
        times,
        (presented, generation, successorSeenAt, window, now) => {
          const verdict = judgeGeneration(presented, { generation, successorSeenAt }, window, now);
          if (presented === generation) expect(verdict).toBe("current");
          if (presented > generation) expect(verdict).toBe("ahead");
          if (presented < generation - 1) expect(verdict).toBe("replay");
        },
      ),
    );
  });

  it("accepts the predecessor until its successor was seen, and within the grace from then, to the millisecond", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        times,
        grace,
        times,
        (generation, successorSeenAt, window, now) => {
          const judge = (seen: number | undefined) =>
            judgeGeneration(generation - 1, { generation, successorSeenAt: seen }, window, now);
          expect(judge(undefined)).toBe("predecessor");
          expect(judge(successorSeenAt)).toBe(now - successorSeenAt < window ? "predecessor" : "replay");
        },
      ),
    );
  });
});

describe("mayRotate()", () => {
  it("is never so while the predecessor is still honoured, and always once it is not", () => {
    const times = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.option(times, { nil: undefined }),
        fc.integer({ min: 0, max: 300_000 }),
        times,
        (generation, successorSeenAt, grace, now) => {
          const held = { generation, successorSeenAt };
          const honoured = judgeGeneration(generation - 1, held, grace, now) === "predecessor";
          expect(mayRotate(held, grace, now)).toBe(!honoured);
        },
      ),
    );
    expect(mayRotate({ generation: 0 }, 30_000, 0)).toBe(true);
  });
});
