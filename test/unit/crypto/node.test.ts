import * as real from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Platform } from "../../../src/crypto/platform.ts";
import { hex } from "./platforms.ts";

/** Another copy of the module, over a node:crypto in which some functions are replaced. */
async function load(replaced: Record<string, unknown>): Promise<Platform> {
  vi.resetModules();
  vi.doMock("node:crypto", () => ({ ...real, ...replaced }));
  return (await import("../../../src/crypto/node.ts")).platform;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.doUnmock("node:crypto");
  vi.resetModules();
});

/** Fills with a different byte each time, and counts. */
function generator() {
  const fills: number[] = [];
  const randomFillSync = (target: Uint8Array): Uint8Array => {
    fills.push(target.length);
    return target.fill(fills.length);
  };
  return { fills, randomFillSync };
}

describe("randomBytes() of node", () => {
  test("asks the system once for many ids", async () => {
    const { fills, randomFillSync } = generator();
    const platform = await load({ randomFillSync });
    for (let i = 0; i < 200; i++) platform.randomBytes(18);
    expect(fills).toEqual([8192]);
  });

  test("hands out each byte once: a request that the rest does not cover starts a new fill", async () => {
    let serial = 0;
    const randomFillSync = (target: Uint8Array): Uint8Array => {
      const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
      for (let i = 0; i + 4 <= target.length; i += 4) view.setUint32(i, ++serial);
      return target;
    };
    const platform = await load({ randomFillSync });
    const seen: string[] = [];
    for (let i = 0; i < 2000; i++) {
      const length = 4 * (1 + ((i * 7) % 256));
      const bytes = platform.randomBytes(length);
      for (let at = 0; at < length; at += 4) seen.push(hex(bytes.subarray(at, at + 4)));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).not.toContain("00000000");
  });

  test("asks the system for long requests directly", async () => {
    const { fills, randomFillSync } = generator();
    const platform = await load({ randomFillSync });
    expect(platform.randomBytes(4096)).toHaveLength(4096);
    expect(fills).toEqual([4096]);
  });

  test("throws away a fill of another second, as a copied machine would go on with it", async () => {
    const { fills, randomFillSync } = generator();
    const platform = await load({ randomFillSync });
    platform.randomBytes(18);
    vi.advanceTimersByTime(1000);
    platform.randomBytes(18);
    expect(fills).toHaveLength(1);
    vi.advanceTimersByTime(1);
    platform.randomBytes(18);
    expect(fills).toHaveLength(2);
    vi.setSystemTime(0);
    platform.randomBytes(18);
    expect(fills).toHaveLength(3);
  });

  test.each([
    ["fills with a constant", (target: Uint8Array) => target.fill(7)],
    ["leaves what is there", (target: Uint8Array) => target],
  ])("refuses a generator that %s", async (_what, randomFillSync) => {
    const platform = await load({ randomFillSync });
    expect(() => {
      for (let i = 0; i < 1000; i++) platform.randomBytes(18);
    }).toThrow(expect.objectContaining({ code: "SOJOURN_UNSUPPORTED" }));
    expect(() => platform.randomBytes(18)).toThrow();
  });
});

test("node does the same on a runtime without one-shot hashes", async () => {
  const [with_, without] = [await load({}), await load({ hash: undefined })];
  const key = new Uint8Array(32).fill(1);
  for (const length of [0, 1, 55, 64, 65, 200]) {
    const message = new Uint8Array(length).fill(length);
    expect(await without.sha256(message)).toEqual(await with_.sha256(message));
    expect(await (await without.mac(key))(message)).toEqual(await (await with_.mac(key))(message));
  }
});

test("node fixes the tag at 16 bytes in both directions", async () => {
  const asked: unknown[] = [];
  const spy =
    (make: (...args: never[]) => unknown) =>
    (...args: unknown[]) => {
      if (String(args[0]).includes("gcm")) asked.push(args[3]);
      return make(...(args as never[]));
    };
  const platform = await load({
    createCipheriv: spy(real.createCipheriv as never),
    createDecipheriv: spy(real.createDecipheriv as never),
  });
  const aead = await platform.aead(new Uint8Array(32));
  const sealed = await aead.seal(new Uint8Array(12), new Uint8Array(5), new Uint8Array(0));
  await aead.open(new Uint8Array(12), sealed, new Uint8Array(0));
  expect(asked).toEqual([{ authTagLength: 16 }, { authTagLength: 16 }]);
});
