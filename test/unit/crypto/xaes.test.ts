import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { platform as node } from "../../../src/crypto/node.ts";
import type { Aead, Platform } from "../../../src/crypto/platform.ts";
import { platform as web } from "../../../src/crypto/web.ts";
import { createXaes, sealWithNonce } from "../../../src/crypto/xaes.ts";
import { fc } from "../../support/fast-check.ts";
import { bytes, hex, platforms, unhex } from "./platforms.ts";

const key = new Uint8Array(32).fill(9);
const aad = bytes("aad");
const plain = bytes("a session");

/** A platform that counts the keys it makes and the blocks it encrypts, and can hold them back. */
function counting(platform: Platform) {
  const count = { aeads: 0, blocks: 0 };
  const counted: Platform = {
    ...platform,
    aead(derived) {
      count.aeads += 1;
      return platform.aead(derived);
    },
    async aesBlock(secret) {
      const aes = await platform.aesBlock(secret);
      return (block) => {
        count.blocks += 1;
        return aes(block);
      };
    },
  };
  return { count, platform: counted };
}

const half = (sealed: Uint8Array): string => hex(sealed.subarray(0, 12));

describe.each(platforms)("XAES-256-GCM over $name", ({ platform }) => {
  // https://c2sp.org/XAES-256-GCM, "Test vectors": the first has a subkey of one kind of first bit, the second of the other.
  test.each([
    [1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"],
    [3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"],
  ])("sealWithNonce() fulfils the vector of key %i", async (byte, additional, sealed) => {
    const nonce = bytes("ABCDEFGHIJKLMNOPQRSTUVWX");
    const secret = new Uint8Array(32).fill(byte);
    const made = await sealWithNonce(secret, nonce, bytes("XAES-256-GCM"), bytes(additional), platform);
    expect(hex(made)).toBe(sealed);
    const xaes = await createXaes(secret, { platform });
    const opened = await xaes.open(Uint8Array.of(...nonce, ...made), bytes(additional));
    expect(new TextDecoder().decode(opened ?? undefined)).toBe("XAES-256-GCM");
  });

  test("sealWithNonce() fulfils the accumulated vector of 10,000 iterations", async () => {
    // At most 32 + 24 + 1 + 255 + 1 + 255 bytes each.
    const stream = createHash("shake128", { outputLength: 10_000 * 568 }).digest();
    let at = 0;
    const take = (length: number): Uint8Array => {
      at += length;
      return Uint8Array.from(stream.subarray(at - length, at));
    };
    const digest = createHash("shake128", { outputLength: 32 });
    for (let i = 0; i < 10_000; i++) {
      const [secret, nonce] = [take(32), take(24)];
      const text = take(take(1)[0] as number);
      const additional = take(take(1)[0] as number);
      digest.update(await sealWithNonce(secret, nonce, text, additional, platform));
    }
    expect(digest.digest("hex")).toBe("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
  });

  test("open() gives back what seal() took", async () => {
    const xaes = await createXaes(key, { platform });
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 60 }),
        async (text, additional) => {
          const sealed = await xaes.seal(text, additional);
          expect(sealed).toHaveLength(24 + text.length + 16);
          expect(hex(await xaes.open(sealed, additional))).toBe(hex(text));
        },
      ),
    );
  });

  test("open() gives null for every bit turned, every length cut, anything behind and other additional data", async () => {
    const xaes = await createXaes(key, { platform });
    const sealed = await xaes.seal(plain, aad);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const turned = sealed.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(await xaes.open(turned, aad)).toBeNull();
    }
    for (let length = 0; length < sealed.length; length++)
      expect(await xaes.open(sealed.subarray(0, length), aad)).toBeNull();
    expect(await xaes.open(Uint8Array.of(...sealed, 0), aad)).toBeNull();
    expect(await xaes.open(sealed, bytes("aae"))).toBeNull();
    expect(await xaes.open(sealed, new Uint8Array(0))).toBeNull();
    expect(hex(await xaes.open(sealed, aad))).toBe(hex(plain));
  });

  test("open() gives null for another key's seal", async () => {
    const other = await createXaes(new Uint8Array(32).fill(8), { platform });
    const xaes = await createXaes(key, { platform });
    expect(await xaes.open(await other.seal(plain, aad), aad)).toBeNull();
  });

  test("open() reads what another process sealed", async () => {
    const [a, b] = [await createXaes(key, { platform }), await createXaes(key, { platform })];
    expect(hex(await b.open(await a.seal(plain, aad), aad))).toBe(hex(plain));
  });

  test("seal() takes a fresh nonce each time and keeps its first half", async () => {
    const xaes = await createXaes(key, { platform });
    const sealed = await Promise.all(Array.from({ length: 1000 }, () => xaes.seal(plain, aad)));
    expect(new Set(sealed.map((one) => hex(one.subarray(0, 24)))).size).toBe(1000);
    expect(new Set(sealed.map(half)).size).toBe(1);
  });

  test("seal() renews the first half after its number of seals, those that run at once included", async () => {
    const xaes = await createXaes(key, { platform, sealsPerHalf: 10 });
    const sealed = await Promise.all(Array.from({ length: 95 }, () => xaes.seal(plain, aad)));
    const counts = new Map<string, number>();
    for (const one of sealed) counts.set(half(one), (counts.get(half(one)) ?? 0) + 1);
    expect([...counts.values()]).toEqual([...new Array<number>(9).fill(10), 5]);
    for (const one of sealed) expect(hex(await xaes.open(one, aad))).toBe(hex(plain));
  });

  test("two processes share no first half", async () => {
    const [a, b] = [await createXaes(key, { platform }), await createXaes(key, { platform })];
    expect(half(await a.seal(plain, aad))).not.toBe(half(await b.seal(plain, aad)));
  });

  test("costs one AES-GCM operation once the key of the first half is there", async () => {
    const counted = counting(platform);
    const xaes = await createXaes(key, { platform: counted.platform });
    expect(counted.count).toEqual({ aeads: 0, blocks: 1 });
    const first = await xaes.seal(plain, aad);
    for (let i = 0; i < 20; i++) await xaes.open(await xaes.seal(plain, aad), aad);
    await xaes.open(first, aad);
    expect(counted.count).toEqual({ aeads: 1, blocks: 3 });
  });

  test("open() keeps the derived keys of others that it opened, the last 256 of them", async () => {
    const others: Uint8Array[] = [];
    for (let i = 0; i < 300; i++) {
      const other = await createXaes(key, { platform });
      others.push(await other.seal(plain, aad));
    }
    const counted = counting(platform);
    const xaes = await createXaes(key, { platform: counted.platform });
    const open = async (sealed: Uint8Array | undefined): Promise<number> => {
      const before = counted.count.aeads;
      expect(hex(await xaes.open(sealed as Uint8Array, aad))).toBe(hex(plain));
      return counted.count.aeads - before;
    };
    expect(await open(others[0])).toBe(1);
    expect(await open(others[0])).toBe(0);
    // The first stays in use all the while, and so stays; the second is the one to go.
    for (const other of others.slice(1)) {
      expect(await open(other)).toBe(1);
      expect(await open(others[0])).toBe(0);
    }
    expect(await open(others[1])).toBe(1);
    expect(await open(others[299])).toBe(0);
  });

  test("open() tells nonces apart that begin alike", async () => {
    const xaes = await createXaes(key, { platform });
    for (let round = 0; round < 2; round++) {
      for (let last = 0; last < 3; last++) {
        const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, last, ...new Uint8Array(12));
        const sealed = Uint8Array.of(...nonce, ...(await sealWithNonce(key, nonce, plain, aad, platform)));
        expect(hex(await xaes.open(sealed, aad))).toBe(hex(plain));
      }
    }
  });

  test("open() does no cryptography for what is too short to be a seal", async () => {
    const counted = counting(platform);
    const xaes = await createXaes(key, { platform: counted.platform });
    for (let length = 0; length < 40; length++) expect(await xaes.open(new Uint8Array(length), aad)).toBeNull();
    expect(counted.count).toEqual({ aeads: 0, blocks: 1 });
  });

  test("open() keeps nothing for seals that are not ours", async () => {
    const counted = counting(platform);
    const xaes = await createXaes(key, { platform: counted.platform });
    const theirs = await (await createXaes(key, { platform })).seal(plain, aad);
    await xaes.open(theirs, aad);
    const forged = theirs.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
    for (let i = 0; i < 1000; i++) {
      forged[0] = i & 255;
      forged[1] = i >> 8;
      expect(await xaes.open(forged, aad)).toBeNull();
    }
    const before = counted.count.aeads;
    await xaes.open(theirs, aad);
    expect(counted.count.aeads).toBe(before);
    // Not even the same forgery twice: nothing of it was kept.
    await xaes.open(forged, aad);
    expect(counted.count.aeads).toBe(before + 1);
  });
});

test("over node nothing is a promise", () => {
  const xaes = createXaes(key, { platform: node });
  if (xaes instanceof Promise) throw new Error("createXaes() made a promise");
  const sealed = xaes.seal(plain, aad);
  if (sealed instanceof Promise) throw new Error("seal() made a promise");
  expect(hex(xaes.open(sealed, aad) as Uint8Array)).toBe(hex(plain));
});

test("node and web open each other's seals", async () => {
  const [a, b] = [await createXaes(key, { platform: node }), await createXaes(key, { platform: web })];
  expect(hex(await b.open(await a.seal(plain, aad), aad))).toBe(hex(plain));
  expect(hex(await a.open(await b.seal(plain, aad), aad))).toBe(hex(plain));
});

test("seal() tries again after a derivation that failed", async () => {
  let failures = 1;
  const flaky: Platform = {
    ...web,
    aead(derived): Promise<Aead> {
      if (failures-- > 0) return Promise.reject(new Error("out of memory"));
      return web.aead(derived) as Promise<Aead>;
    },
  };
  const xaes = await createXaes(key, { platform: flaky });
  await expect(xaes.seal(plain, aad)).rejects.toThrow("out of memory");
  expect(hex(await xaes.open(await xaes.seal(plain, aad), aad))).toBe(hex(plain));
});

test("the derived key of the vector is the published one", async () => {
  // K1 and Kx of the first vector, from the blocks that the platform is asked for.
  const asked: string[] = [];
  let derived = "";
  const spying: Platform = {
    ...node,
    async aesBlock(secret) {
      const aes = await node.aesBlock(secret);
      return (block) => {
        asked.push(hex(block));
        return aes(block);
      };
    },
    aead(made) {
      derived = hex(made);
      return node.aead(made);
    },
  };
  await sealWithNonce(new Uint8Array(32).fill(1), bytes("ABCDEFGHIJKLMNOPQRSTUVWX"), plain, aad, spying);
  const subkey = unhex("e531954aca063d5b8d9c47a47d4cc6f0");
  const message = Uint8Array.of(0, 1, 0x58, 0, ...bytes("ABCDEFGHIJKL"));
  expect(asked[1]).toBe(hex(message.map((byte, i) => byte ^ (subkey[i] ?? 0))));
  expect(derived).toBe("c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b");
});
