import { describe, expect, test } from "vitest";
import { readSecret } from "../../../src/crypto/secret.ts";
import { cpuTime } from "../../support/cpu-time.ts";
import { bytes, hex } from "./platforms.ts";

/** Random secrets of each length from 32 to 64 bytes, many times over. */
function* randomSecrets(): Generator<Buffer> {
  for (let i = 0; i < 1650; i++) yield Buffer.from(crypto.getRandomValues(new Uint8Array(32 + (i % 33))));
}

/** The message of the refusal. */
function refusal(secret: string | Uint8Array): string {
  try {
    readSecret(secret, "secrets");
  } catch (error) {
    expect(error).toMatchObject({ name: "SessionError", code: "SOJOURN_WEAK_SECRET", status: 500 });
    return (error as Error).message;
  }
  throw new Error("the secret was taken");
}

describe("readSecret() takes", () => {
  test.each([
    ["bytes", (some: Buffer) => Uint8Array.from(some)],
    ["a Buffer", (some: Buffer) => some],
    ["base64url", (some: Buffer) => some.toString("base64url")],
    ["base64", (some: Buffer) => some.toString("base64")],
    ["base64 without its padding", (some: Buffer) => some.toString("base64").replace(/=+$/, "")],
    ["hex", (some: Buffer) => some.toString("hex")],
    ["hex in capitals", (some: Buffer) => some.toString("hex").toUpperCase()],
    ["a line that ends", (some: Buffer) => `${some.toString("base64url")}\n`],
  ])("%s of 32 to 64 random bytes", (_what, spell) => {
    for (const some of randomSecrets()) expect(hex(readSecret(spell(some), "secrets"))).toBe(hex(some));
  });

  test("a copy, which later changes do not reach", () => {
    const given = Uint8Array.from(crypto.getRandomValues(new Uint8Array(32)));
    const read = readSecret(given, "secrets");
    const before = hex(read);
    given.fill(0);
    expect(hex(read)).toBe(before);
    expect(read.buffer.byteLength).toBe(32);
  });

  test("fifty thousand secrets of the system's generator", () => {
    const some = new Uint8Array(32);
    for (let i = 0; i < 50_000; i++) {
      crypto.getRandomValues(some);
      readSecret(Buffer.from(some).toString("base64url"), "secrets");
    }
  });
});

describe("readSecret() refuses", () => {
  test.each([
    "keyboard cat",
    "keyboard cat keyboard cat keyboard cat",
    "complex_password_at_least_32_characters_long",
    "changeme",
    "changeme-changeme-changeme-changeme-changeme",
    "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
    "ChangeThisToAVeryLongRandomStringInProduction00",
    "your-session-secret-goes-here-0123456789-abcdef",
    "a-secret-with-minimum-length-of-32-characters",
    "averylogphrasebiggerthanthirtytwochars0000000",
    "supersecretsupersecretsupersecretsupersecret",
    "this_is_a_very_long_string_that_nobody_can_guess",
    "ThisIsAVeryLongStringThatNobodyCouldEverGuess",
    "correct-horse-battery-staple-correct-horse-batt",
    "thequickbrownfoxjumpsoverthelazydogandthensomex",
    "not-so-secret-not-so-secret-not-so-secret-00000",
    "1234567890123456789012345678901234567890123456",
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "00".repeat(32),
    "deadbeef".repeat(8),
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    hex(bytes("my voice is my passport, verify me")),
    Buffer.from("my voice is my passport, verify me").toString("base64"),
    Buffer.from("mein Schlüssel heißt Überraschung, öffne dich").toString("base64url"),
    Buffer.from("пароль который никто не угадает").toString("base64url"),
    "my voice is my passport, verify me",
    "",
    " ",
  ])("the text %j, and does not repeat it", (secret) => {
    const message = refusal(secret);
    expect(message).toMatch(
      /^Option "secrets": expected 32 to 1024 random bytes, found .+ Make a secret with: npx sojourn secret$/,
    );
    if (secret.trim() !== "") expect(message).not.toContain(secret);
  });

  test.each([
    ["no bytes", new Uint8Array(0), "0 bytes"],
    ["31 bytes", crypto.getRandomValues(new Uint8Array(31)), "31 bytes"],
    ["1025 bytes", crypto.getRandomValues(new Uint8Array(1025)), "1025 bytes"],
    ["zeros", new Uint8Array(32), "only 1 different bytes"],
    ["fifteen values", Uint8Array.from({ length: 64 }, (_, i) => i % 15), "only 15 different bytes"],
    ["a count", Uint8Array.from({ length: 32 }, (_, i) => i), "a sequence"],
    ["a count backwards in steps", Uint8Array.from({ length: 40 }, (_, i) => 255 - i * 5), "a sequence"],
    ["the text of a secret", bytes("Kx3vQ0m1Zc9YtR7uWq2LpN8sHd5FgJ4bVaXeTiOoUyE"), "bytes that are text"],
  ])("%s", (_what, secret, found) => {
    expect(refusal(secret)).toContain(`found ${found}.`);
  });

  test("random bytes said twice", () => {
    const once = crypto.getRandomValues(new Uint8Array(32));
    expect(refusal(Uint8Array.of(...once, ...once))).toContain("found bytes that repeat");
  });

  test.each([
    ["both alphabets", "+_"],
    ["padding in the middle", "=A"],
    ["a letter of neither", "?A"],
    ["a letter beyond ASCII", "éA"],
  ])("%s in one text", (_what, pair) => {
    const good = Buffer.from(crypto.getRandomValues(new Uint8Array(33))).toString("base64url");
    expect(refusal(pair + good.slice(2))).toContain("text that is neither base64url, base64 nor hex");
  });

  test.each([
    ["padding that is too short", "="],
    ["padding that is too long", "==="],
  ])("%s", (_what, padding) => {
    const good = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
    expect(refusal(good + padding.repeat(2))).toContain("neither");
  });

  test("a secret whose last letter was lost", () => {
    const good = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
    expect(refusal(good.slice(0, -1)).length).toBeGreaterThan(0);
  });

  test("a text of 10 MB, at once", () => {
    const started = cpuTime();
    refusal("Zx9-".repeat(2_500_000));
    expect(cpuTime() - started).toBeLessThan(15_000);
  });
});
