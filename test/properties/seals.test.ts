import { describe, expect, it } from "vitest";
import * as base64url from "../../src/crypto/base64url.ts";
import { createKeyRing } from "../../src/crypto/keyring.ts";
import type { Meta } from "../../src/record/meta.ts";
import { identityOf } from "../../src/token/identity.ts";
import { type SealedOptions, sealedBearer } from "../../src/token/sealed.ts";
import type { Claims } from "../../src/token/token.ts";
import { fc } from "../support/fast-check.ts";
import { SECRET } from "../support/visitor.ts";

const bearerOf = (options: Partial<SealedOptions> & { audience?: string } = {}) => {
  const { audience = "", place = "__Host-a", everything = false } = options;
  return sealedBearer({ ring: createKeyRing(SECRET, { audience }), audience, place, everything });
};

const instants = fc.integer({ min: 0, max: 4_000_000_000_000 });
const texts = fc.string({ unit: "binary" });
const metas: fc.Arbitrary<Meta> = fc.record(
  {
    endsAt: instants,
    rotatedAt: instants,
    generation: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    authenticatedAt: instants,
    factors: fc.array(texts, { minLength: 1, maxLength: 3 }),
    flash: fc.array(fc.record({ kind: texts, text: texts }), { minLength: 1, maxLength: 3 }),
    version: fc.integer({ min: 1, max: 1_000 }),
    persistent: fc.constant(false),
  },
  { requiredKeys: ["endsAt", "rotatedAt", "generation"] },
);
const issues = fc.record({
  id: fc.uint8Array({ minLength: 18, maxLength: 18 }),
  meta: metas,
  encoded: fc.oneof(texts, fc.uint8Array({ maxLength: 300 })),
  record: fc.record({
    createdAt: instants,
    seenAt: instants,
    expiresAt: instants,
    userId: fc.option(texts, { nil: undefined }),
  }),
});
type Sealed = typeof issues extends fc.Arbitrary<infer Issue> ? Issue : never;

async function seal({ id, meta, encoded, record }: Sealed, everything: boolean): Promise<string> {
  return bearerOf({ everything }).issue({ identity: await identityOf(id), content: { meta, encoded }, record });
}

const bytesOf = (encoded: string | Uint8Array) =>
  typeof encoded === "string" ? new TextEncoder().encode(encoded) : encoded;

for (const everything of [false, true]) {
  describe(`seals that carry ${everything ? "everything" : "the data"}`, () => {
    it("give back what was sealed, byte for byte", async () => {
      await fc.assert(
        fc.asyncProperty(issues, async (issue) => {
          const claims = (await bearerOf({ everything }).read(await seal(issue, everything))) as Claims;
          expect(claims).toMatchObject({ id: issue.id, generation: issue.meta.generation, outdated: false });
          expect(Buffer.compare(claims.encoded as Uint8Array, bytesOf(issue.encoded))).toBe(0);
          if (everything) {
            expect(claims.record).toEqual(issue.record);
            expect(claims.meta).toMatchObject(issue.meta);
          } else expect(claims.version).toBe(issue.meta.version ?? 0);
        }),
      );
    });

    it("are foreign with any bit changed, cut anywhere, or moved", async () => {
      await fc.assert(
        fc.asyncProperty(issues, fc.nat(), async (issue, random) => {
          const value = await seal(issue, everything);
          const bytes = Uint8Array.from(base64url.decode(value) as Uint8Array);
          const bit = random % (bytes.length * 8);
          bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
          const here = bearerOf({ everything });
          for (const changed of [base64url.encode(bytes), value.slice(0, random % value.length), `${value}A`]) {
            expect(await here.read(changed)).toBe("foreign");
          }
          expect(await bearerOf({ everything: !everything }).read(value)).toBe("foreign");
          expect(await bearerOf({ everything, place: "__Host-b" }).read(value)).toBe("foreign");
          expect(await bearerOf({ everything, audience: "b" }).read(value)).toBe("foreign");
        }),
      );
    });

    it("show nothing of what is in them, and are never the same twice", async () => {
      const canary = "canary-canary-canary";
      const issue: Sealed = {
        id: new Uint8Array(18).fill(7),
        meta: { endsAt: 1, rotatedAt: 0, generation: 0 },
        encoded: canary,
        record: { createdAt: 0, seenAt: 0, expiresAt: 1, userId: canary },
      };
      const values = await Promise.all(Array.from({ length: 100 }, () => seal(issue, everything)));
      expect(new Set(values).size).toBe(100);
      for (const value of values) expect(Buffer.from(value, "base64url").includes(canary)).toBe(false);
    });
  });
}

describe("a seal of another format", () => {
  it("is foreign and no exception, even though its tag fits", async () => {
    const ring = createKeyRing(SECRET, { audience: "" });
    for (const everything of [false, true]) {
      const purpose = everything ? "stateless" : "tracked";
      const xaes = await ring.active.xaes(purpose);
      const context = new TextEncoder().encode(JSON.stringify([1, 1, "", purpose, "__Host-a"]));
      for (const plain of [
        "",
        "short",
        "x".repeat(22),
        "x".repeat(100),
        `${"x".repeat(22)}{}\nnull\n`,
        `${"x".repeat(22)}\n\n`,
      ]) {
        const sealed = await xaes.seal(new TextEncoder().encode(plain), context);
        const value = base64url.encode(Uint8Array.of(1, 1, ...sealed));
        const read = await bearerOf({ everything }).read(value);
        expect(read).toBe("foreign");
      }
    }
  });
});
