import { describe, expect, test } from "vitest";
import { platform as node } from "../../../src/crypto/node.ts";
import { platform as web } from "../../../src/crypto/web.ts";
import { fc } from "../../support/fast-check.ts";
import { bytes, hex, platforms, unhex } from "./platforms.ts";

describe.each(platforms)("platform $name", ({ platform }) => {
  describe("sha256()", () => {
    test.each([
      ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
      ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ])("fulfils the FIPS 180-4 vector for %j", async (message, digest) => {
      expect(hex(await platform.sha256(bytes(message)))).toBe(digest);
    });

    test("takes a view in the middle of a buffer", async () => {
      const view = bytes("xxabcxx").subarray(2, 5);
      expect(hex(await platform.sha256(view))).toBe(hex(await platform.sha256(bytes("abc"))));
    });
  });

  describe("mac()", () => {
    test.each([
      ["1", "0b".repeat(20), bytes("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
      [
        "2",
        hex(bytes("Jefe")),
        bytes("what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      ],
      [
        "6, a key above the block size",
        "aa".repeat(131),
        bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      ],
    ])("fulfils RFC 4231 case %s", async (_case, key, message, expected) => {
      const mac = await platform.mac(unhex(key));
      expect(hex(await mac(message))).toBe(expected);
    });

    test("keeps nothing of a message for the next one", async () => {
      const mac = await platform.mac(unhex("0b".repeat(20)));
      const messages = ["Hi There", "", "what do ya want", "Hi There", "Hi Where", "Hi There"].map(bytes);
      const first: string[] = [];
      for (const message of messages) first.push(hex(await mac(message)));
      for (const [i, message] of messages.entries()) {
        const fresh = await platform.mac(unhex("0b".repeat(20)));
        expect(hex(await fresh(message))).toBe(first[i]);
      }
      expect(first[0]).toBe("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    });

    test("is not moved by later changes of the key's bytes", async () => {
      const key = unhex("0b".repeat(20));
      const mac = await platform.mac(key);
      key.fill(0);
      expect(hex(await mac(bytes("Hi There")))).toMatch(/^b0344c61/);
    });
  });

  describe("hkdf()", () => {
    test.each([
      [
        "1",
        unhex("000102030405060708090a0b0c"),
        unhex("f0f1f2f3f4f5f6f7f8f9"),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
      ],
      [
        "3, no salt and no info",
        new Uint8Array(0),
        new Uint8Array(0),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
      ],
    ])("fulfils RFC 5869 case %s", async (_case, salt, info, expected) => {
      expect(hex(await platform.hkdf(unhex("0b".repeat(22)), salt, info, 42))).toBe(expected);
    });
  });

  describe("aesBlock()", () => {
    test("fulfils FIPS 197 appendix C.3, again and again", async () => {
      const aes = await platform.aesBlock(unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
      const plain = unhex("00112233445566778899aabbccddeeff");
      expect(hex(await aes(plain))).toBe("8ea2b7ca516745bfeafc49904b496089");
      expect(hex(await aes(plain))).toBe("8ea2b7ca516745bfeafc49904b496089");
    });
  });

  describe("aead()", () => {
    // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
    const key = unhex("feffe9928665731c6d6a8f9467308308".repeat(2));
    const nonce = unhex("cafebabefacedbaddecaf888");
    const aad = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    const plain = unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    const sealed = unhex(
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
    );

    test("fulfils the vector of the GCM specification, both ways", async () => {
      const aead = await platform.aead(key);
      expect(hex(await aead.seal(nonce, plain, aad))).toBe(hex(sealed));
      expect(hex(await aead.open(nonce, sealed, aad))).toBe(hex(plain));
    });

    test("opens nothing that was cut at any length", async () => {
      const aead = await platform.aead(key);
      for (let length = 0; length < sealed.length; length++)
        expect(await aead.open(nonce, sealed.subarray(0, length), aad)).toBeNull();
    });

    test("opens nothing with one bit turned, in the text, tag, nonce or additional data", async () => {
      const aead = await platform.aead(key);
      const turned = (whole: Uint8Array, bit: number) =>
        whole.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      for (let bit = 0; bit < sealed.length * 8; bit++)
        expect(await aead.open(nonce, turned(sealed, bit), aad)).toBeNull();
      for (let bit = 0; bit < nonce.length * 8; bit++)
        expect(await aead.open(turned(nonce, bit), sealed, aad)).toBeNull();
      for (let bit = 0; bit < aad.length * 8; bit++)
        expect(await aead.open(nonce, sealed, turned(aad, bit))).toBeNull();
    });

    test("seals and opens an empty text", async () => {
      const aead = await platform.aead(key);
      const empty = await aead.seal(nonce, new Uint8Array(0), aad);
      expect(empty).toHaveLength(16);
      expect(await aead.open(nonce, empty, aad)).toHaveLength(0);
      expect(await aead.open(nonce, empty, new Uint8Array(0))).toBeNull();
    });
  });

  describe("equal()", () => {
    test("agrees with a comparison of the bytes", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 6, max: 2 }), fc.uint8Array({ maxLength: 6, max: 2 }), (a, b) => {
          expect(platform.equal(a, b)).toBe(hex(a) === hex(b));
        }),
      );
    });

    test("sees a difference in each bit", () => {
      const a = new Uint8Array(32);
      for (let bit = 0; bit < 256; bit++) {
        const b = new Uint8Array(32);
        b[bit >> 3] = 1 << (bit & 7);
        expect(platform.equal(a, b)).toBe(false);
      }
    });
  });

  describe("randomBytes()", () => {
    test.each([0, 1, 12, 18, 32, 1024, 1025, 8192, 70_000])("gives %i bytes", (length) => {
      expect(platform.randomBytes(length)).toHaveLength(length);
    });

    test("gives no id twice, and every bit half of the time", () => {
      const seen = new Set<string>();
      const ones = new Array<number>(96).fill(0);
      for (let i = 0; i < 20_000; i++) {
        const id = platform.randomBytes(12);
        seen.add(hex(id));
        for (let bit = 0; bit < 96; bit++) ones[bit] = (ones[bit] ?? 0) + (((id[bit >> 3] ?? 0) >> (bit & 7)) & 1);
      }
      expect(seen.size).toBe(20_000);
      // Seven standard deviations: a fair generator is here once in 10^9 runs.
      for (const count of ones) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    });

    test("fills the end of a long request too", () => {
      expect(platform.randomBytes(70_000).subarray(65_536).some(Boolean)).toBe(true);
    });

    test("hands out memory that nobody else has", () => {
      const [a, b] = [platform.randomBytes(16), platform.randomBytes(16)];
      expect(a.buffer).not.toBe(b.buffer);
      expect(a.buffer.byteLength).toBe(16);
    });
  });

  test("gives plain Uint8Arrays, whose slice() copies", async () => {
    const key = new Uint8Array(32);
    const aead = await platform.aead(key);
    const sealed = await aead.seal(new Uint8Array(12), bytes("text"), bytes(""));
    const results = [
      platform.randomBytes(8),
      await platform.sha256(key),
      await (await platform.mac(key))(key),
      await (await platform.aesBlock(key))(new Uint8Array(16)),
      await platform.hkdf(key, key, key, 32),
      sealed,
      await aead.open(new Uint8Array(12), sealed, bytes("")),
    ];
    for (const result of results) expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
  });
});

test("node and web open what the other sealed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ maxLength: 100 }),
      async (key, nonce, text, aad) => {
        const [a, b] = [await node.aead(key), await web.aead(key)];
        expect(hex(await b.open(nonce, await a.seal(nonce, text, aad), aad))).toBe(hex(text));
        expect(hex(await a.open(nonce, await b.seal(nonce, text, aad), aad))).toBe(hex(text));
      },
    ),
  );
});

test("node returns values and no promises", () => {
  const key = new Uint8Array(32);
  const results = [node.sha256(key), node.mac(key), node.aead(key), node.aesBlock(key), node.hkdf(key, key, key, 32)];
  for (const result of results) expect(result).not.toBeInstanceOf(Promise);
});

test("web copies shared memory, which WebCrypto refuses", async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  shared.set(bytes("abc"));
  expect(hex(await web.sha256(shared))).toBe(hex(await node.sha256(bytes("abc"))));
});
