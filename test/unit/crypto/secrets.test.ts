import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { kidOf, readSecrets, resolveSecrets, type Secrets } from "../../../src/crypto/secrets.ts";
import { hex } from "./platforms.ts";

const make = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
const [a, b, c] = [make(), make(), make()];
const bytesOf = (secret: string): string => Buffer.from(secret, "base64url").toString("hex");

function summary(secrets: Secrets) {
  const { active, keys, revoked } = readSecrets(secrets);
  return {
    active,
    keys: Object.fromEntries(Array.from(keys, ([name, key]) => [name, hex(key)])),
    revoked: [...revoked],
  };
}

function refusal(secrets: unknown): string {
  try {
    readSecrets(secrets as Secrets);
  } catch (error) {
    expect(error).toMatchObject({ name: "SessionError", code: "SOJOURN_INVALID_OPTION" });
    return (error as Error).message;
  }
  throw new Error("the secrets were taken");
}

describe("readSecrets() reads", () => {
  test.each([
    ["a text", a],
    ["bytes", Uint8Array.from(Buffer.from(a, "base64url"))],
    ["a Buffer", Buffer.from(a, "base64url")],
    ["a ring", { active: "k1", keys: { k1: a } }],
    ["the text of a ring", `k1:${a}`],
  ])("%s as the one key k1", (_what, secrets) => {
    expect(summary(secrets)).toEqual({ active: "k1", keys: { k1: bytesOf(a) }, revoked: [] });
  });

  const whole = { active: "k2", keys: { k2: bytesOf(b), k1: bytesOf(a) }, revoked: ["k0"] };

  test("a ring with pending, retired and revoked keys", () => {
    expect(summary({ active: "k2", keys: { k1: a, k2: b }, revoked: ["k0"] })).toEqual(whole);
  });

  test.each([`k2:${b},k1:${a},!k0`, `!k0,k2:${b},k1:${a}`, ` k2 : ${b} , k1:${a}\t,\n!k0\n`])(
    "the text of a ring, its first key the active one",
    (text) => {
      expect(summary(text)).toEqual(whole);
    },
  );

  test("hex and base64 in the text of a ring", () => {
    const buffer = Buffer.from(a, "base64url");
    const text = `k1:${buffer.toString("hex")},k2:${Buffer.from(b, "base64url").toString("base64")}`;
    expect(summary(text)).toEqual({ active: "k1", keys: { k1: bytesOf(a), k2: bytesOf(b) }, revoked: [] });
  });

  test("every name from k0 to k255", () => {
    const keys = Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`k${i}`, make()]));
    expect(readSecrets({ active: "k255", keys }).keys.size).toBe(256);
  });

  test("no secret of a revoked name, however weak it is", () => {
    expect(summary({ active: "k1", keys: { k1: a, k0: "changeme" }, revoked: ["k0"] }).keys).toEqual({
      k1: bytesOf(a),
    });
  });
});

describe("readSecrets() refuses", () => {
  test.each([
    ["undefined", undefined, /"secrets": expected a secret or a ring .* found undefined/],
    ["a number", 12345678, /found a number/],
    ["a list, as express-session takes it", [a, b], /found an array/],
    ["a function", () => a, /found a function/],
    ["a ring without keys", { active: "k1" }, /"secrets.keys": .* found undefined/],
    [
      "a text where the keys are expected",
      { active: "k1", keys: a },
      /"secrets.keys": .* found a text of 43 characters/,
    ],
    ["a list of keys", { active: "k1", keys: [a] }, /"secrets.keys": .* found an array/],
    ["no active name", { keys: { k1: a } }, /"secrets.active": .* found undefined/],
    [
      "a secret as the active name",
      { active: a, keys: { k1: a } },
      /"secrets.active": .* found a text of 43 characters/,
    ],
    [
      "an active name without a key",
      { active: "k2", keys: { k1: a } },
      /"secrets.active": expected a name that "secrets.keys" has, found k2/,
    ],
    ["a secret as a name", { active: "k1", keys: { [a]: b } }, /"secrets.keys": expected a key's name, k0 to k255/],
    [
      "a key that is missing",
      { active: "k1", keys: { k1: a, k2: undefined } },
      /"secrets.keys.k2": .* found undefined/,
    ],
    ["a key that is a number", { active: "k1", keys: { k1: 7 } }, /"secrets.keys.k1": .* found a number/],
    [
      "one secret under two names",
      { active: "k1", keys: { k1: a, k2: a } },
      /"secrets.keys.k2": expected a secret of its own, found the one of k1/,
    ],
    ["one secret in two spellings", { active: "k1", keys: { k1: a, k2: bytesOf(a) } }, /found the one of k1/],
    [
      "an active name that is revoked",
      { active: "k1", keys: { k1: a }, revoked: ["k1"] },
      /"secrets.revoked": .* found k1/,
    ],
    [
      "a text of revoked names",
      { active: "k1", keys: { k1: a }, revoked: "k0" },
      /"secrets.revoked": .* found a text of 2 characters/,
    ],
    [
      "a revoked name that is none",
      { active: "k1", keys: { k1: a }, revoked: ["key0"] },
      /"secrets.revoked": .* found a text of 4 characters/,
    ],
    ["an entry without a name", `k1:${a},${b}`, /entry 2 of another form/],
    ["an entry without a secret", `k1:${a},k2`, /entry 2 of another form/],
    ["a revoked entry with a secret", `k1:${a},!k2:${b}`, /entry 2 of another form/],
    ["an entry that is empty", `k1:${a},`, /entry 2 of another form/],
    ["a name twice", `k1:${a},k1:${b}`, /found k1 twice/],
    ["a name active and revoked", `k1:${a},!k1`, /found k1 twice/],
    ["only revoked names", "!k1", /found revoked names only/],
    ["k256 in a text", `k256:${a}`, /entry 1 of another form/],
  ])("%s", (_what, secrets, message) => {
    const found = refusal(secrets);
    expect(found).toMatch(message);
    expect(found).toContain("npx sojourn secret");
    for (const secret of [a, b, c, bytesOf(a), "12345678"]) expect(found).not.toContain(secret);
  });

  test.each(["", "k", "k01", "K1", "k-1", "k1 ", "k256", "k1e1", "__proto__", "constructor", "1"])(
    "the name %j",
    (name) => {
      expect(kidOf(name)).toBeUndefined();
      expect(
        refusal({
          active: "k1",
          keys: Object.fromEntries([
            ["k1", a],
            [name, b],
          ]),
        }),
      ).toMatch(/a key's name/);
    },
  );

  test.each([
    ["in a ring", { active: "k1", keys: { k1: "keyboard cat" } }, '"secrets.keys.k1"'],
    ["in a text", `k1:${a},k2:changeme`, '"secrets, key k2"'],
    ["alone", "keyboard cat", '"secrets"'],
    ["as bytes", new Uint8Array(32), '"secrets"'],
  ])("a weak secret %s, and says where it is", (_what, secrets, place) => {
    expect(() => readSecrets(secrets)).toThrow(expect.objectContaining({ code: "SOJOURN_WEAK_SECRET" }));
    expect(() => readSecrets(secrets)).toThrow(`Option ${place}:`);
  });
});

describe("resolveSecrets()", () => {
  beforeEach(() => vi.stubEnv("NODE_ENV", "production"));
  afterEach(() => vi.unstubAllEnvs());

  test("gives back what is given, before the environment", () => {
    vi.stubEnv("SOJOURN_SECRET", b);
    expect(resolveSecrets(a)).toBe(a);
  });

  test("takes SOJOURN_SECRET", () => {
    vi.stubEnv("SOJOURN_SECRET", `k2:${b},k1:${a}\n`);
    expect(summary(resolveSecrets(undefined))).toEqual({
      active: "k2",
      keys: { k2: bytesOf(b), k1: bytesOf(a) },
      revoked: [],
    });
  });

  test("names the variable when it is weak", () => {
    vi.stubEnv("SOJOURN_SECRET", "keyboard cat");
    expect(() => resolveSecrets(undefined)).toThrow(/^Option "SOJOURN_SECRET": expected 32 to 1024 random bytes/);
  });

  test.each([undefined, "", " \n"])("throws in production when it is %j", (value) => {
    vi.stubEnv("SOJOURN_SECRET", value);
    expect(() => resolveSecrets(undefined)).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    expect(() => resolveSecrets(undefined)).toThrow(/NODE_ENV is production.*npx sojourn secret/);
  });

  test("throws what to do where there is no file system", () => {
    vi.stubGlobal("process", undefined);
    try {
      expect(() => resolveSecrets(undefined)).toThrow(/no file system.*npx sojourn secret/);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
