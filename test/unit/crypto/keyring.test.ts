import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createKeyRing, type Key, type KeyRing } from "../../../src/crypto/keyring.ts";
import type { Platform } from "../../../src/crypto/platform.ts";
import { platform as web } from "../../../src/crypto/web.ts";
import { bytes, hex, platforms } from "./platforms.ts";

const make = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
const [a, b] = [make(), make()];
const message = bytes("message");
const audience = "shop";

async function tag(key: Key | undefined, purpose = "token"): Promise<string> {
  if (key === undefined) return "no key";
  return hex(await (await key.mac(purpose))(message));
}

/** Whether a value that the first ring signed and sealed is one of the second. */
async function reads(from: KeyRing, to: KeyRing): Promise<boolean> {
  const sealed = await (await from.active.xaes("data")).seal(message, message);
  const signed = await tag(from.active);
  const key = to.find(from.active.kid);
  if (key === undefined) return false;
  const opened = await (await key.xaes("data")).open(sealed, message);
  expect(opened !== null).toBe((await tag(key)) === signed);
  return opened !== null;
}

describe.each(platforms)("createKeyRing() over $name", ({ platform }) => {
  const ring = (secrets: Parameters<typeof createKeyRing>[0], to = audience): KeyRing =>
    createKeyRing(secrets, { audience: to, platform });

  test("finds keys by their number", () => {
    const { active, find, isRevoked } = ring({ active: "k2", keys: { k1: a, k2: b }, revoked: ["k0"] });
    expect([active.name, active.kid]).toEqual(["k2", 2]);
    expect(find(2)).toBe(active);
    expect([find(1)?.name, find(1)?.kid]).toEqual(["k1", 1]);
    expect([find(0), find(3), find(255), find(256), find(-1), find(Number.NaN)]).toEqual(new Array(6).fill(undefined));
    expect([isRevoked(0), isRevoked(1), isRevoked(2), isRevoked(3)]).toEqual([true, false, false, false]);
  });

  test("finds no revoked key, its secret being there or not", () => {
    const { find, isRevoked } = ring({ active: "k1", keys: { k0: b, k1: a }, revoked: ["k0"] });
    expect(find(0)).toBeUndefined();
    expect(isRevoked(0)).toBe(true);
  });

  test("derives by HKDF with the info that is written down", async () => {
    const info = Uint8Array.of(...bytes("sojourn/v1/mac/token"), ...bytes(audience), audience.length);
    const derived = await platform.hkdf(Buffer.from(a, "base64url"), new Uint8Array(0), info, 32);
    expect(await tag(ring(a).active)).toBe(hex(await (await platform.mac(derived))(message)));
  });

  test("derives other keys for another secret, purpose and audience", async () => {
    const tags = [
      await tag(ring(a).active),
      await tag(ring(b).active),
      await tag(ring(a).active, "csrf"),
      await tag(ring(a, "shop2").active),
      await tag(ring(a, "").active),
      // The same letters, parted elsewhere.
      await tag(ring(a, "oksh").active, "token".slice(0, 2)),
      await tag(ring(a, "nshop").active, "toke"),
      await tag(ring(a, "hop").active, "tokens"),
    ];
    expect(new Set(tags).size).toBe(tags.length);
    expect(await tag(ring(a).active)).toBe(tags[0]);
  });

  test("a seal of one purpose is noise to another", async () => {
    const { active } = ring(a);
    const sealed = await (await active.xaes("data")).seal(message, message);
    expect(await (await active.xaes("record")).open(sealed, message)).toBeNull();
    expect(hex(await (await ring(a).active.xaes("data")).open(sealed, message))).toBe(hex(message));
  });

  test("three roll-outs log nobody out, in any mix of two neighbours", async () => {
    const steps = [`k1:${a}`, `k1:${a},k2:${b}`, `k2:${b},k1:${a}`].map((text) => ring(text));
    for (const [i, step] of steps.entries()) {
      for (const neighbour of steps.slice(Math.max(0, i - 1), i + 2)) expect(await reads(step, neighbour)).toBe(true);
    }
    const last = ring(`k2:${b}`);
    expect(await reads(steps[2] as KeyRing, last)).toBe(true);
    expect(await reads(steps[0] as KeyRing, last)).toBe(false);
  });

  test("a revoked key's values are refused at once", async () => {
    expect(await reads(ring(`k1:${a}`), ring(`k2:${b},!k1`))).toBe(false);
  });

  test("derives once for each purpose and key", async () => {
    let derivations = 0;
    const counting: Platform = {
      ...platform,
      hkdf(...args) {
        derivations += 1;
        return platform.hkdf(...args);
      },
    };
    const { active, find } = createKeyRing(`k1:${a},k2:${b}`, { audience, platform: counting });
    expect(derivations).toBe(0);
    await Promise.all(Array.from({ length: 20 }, () => tag(active)));
    await tag(active);
    expect(derivations).toBe(1);
    await tag(find(2));
    await active.xaes("token");
    await Promise.all([active.xaes("token"), active.xaes("token")]);
    expect(derivations).toBe(3);
    expect(await active.xaes("token")).toBe(await active.xaes("token"));
  });

  test("shows no secret to inspect, JSON and String", () => {
    const shown = ring({ active: "k1", keys: { k1: a } });
    void shown.active.mac("token");
    const spellings = [
      a,
      Buffer.from(a, "base64url").toString("hex"),
      [...Buffer.from(a, "base64url")].slice(0, 4).join(", "),
    ];
    const texts = [inspect(shown, { depth: 9, showHidden: true }), JSON.stringify(shown), String(shown.active)];
    for (const text of texts) for (const spelling of spellings) expect(text).not.toContain(spelling);
  });

  test.each([
    ["a number", 7],
    ["nothing", null],
    ["256 bytes", "é".repeat(128)],
    ["a lone surrogate", "shop\ud800"],
  ])("refuses %s as the audience", (_what, wrong) => {
    expect(() => ring(a, wrong as unknown as string)).toThrow(
      expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }),
    );
    expect(() => ring(a, wrong as unknown as string)).toThrow(/"audience"/);
  });

  test("takes an audience of 255 bytes", async () => {
    expect(await reads(ring(a, "x".repeat(255)), ring(a, "x".repeat(255)))).toBe(true);
  });
});

test("over node every key is there at once", () => {
  const { active } = createKeyRing(a, { audience });
  expect(active.mac("token")).toBeTypeOf("function");
  expect(active.xaes("data")).not.toBeInstanceOf(Promise);
});

test("over web a key that was derived is there at once from then on", async () => {
  const { active } = createKeyRing(a, { audience, platform: web });
  const first = active.mac("token");
  expect(active.mac("token")).toBe(first);
  expect(active.mac("token")).toBeInstanceOf(Promise);
  const mac = await first;
  expect(active.mac("token")).toBe(mac);
});

test("over web a derivation that failed is tried again", async () => {
  let failures = 1;
  const flaky: Platform = {
    ...web,
    hkdf: (...args) => (failures-- > 0 ? Promise.reject(new Error("busy")) : web.hkdf(...args)),
  };
  const { active } = createKeyRing(a, { audience, platform: flaky });
  const [first, second] = [active.mac("token"), active.mac("token")];
  await expect(first).rejects.toThrow("busy");
  await expect(second).rejects.toThrow("busy");
  expect(await tag(active)).toBe(await tag(createKeyRing(a, { audience }).active));
});
