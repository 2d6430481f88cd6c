import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSessionError } from "../../../src/errors.ts";
import { Locks } from "../../../src/stores/file/lock.ts";
import { isGone, readOwner, thisProcess, uniqueName } from "../../../src/stores/file/owner.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sojourn-locks-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("Locks", () => {
  const folder = (): string => join(root, "locks");

  it("let one at a time through, over many handles", async () => {
    mkdirSync(folder());
    let inside = 0;
    let most = 0;
    let runs = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      runs += 1;
    };
    const handles = Array.from({ length: 6 }, () => new Locks(folder()));
    await Promise.all(handles.flatMap((locks) => Array.from({ length: 10 }, () => locks.hold("a", work))));
    expect([most, runs]).toEqual([1, 60]);
    expect(readdirSync(folder())).toEqual([]);
  });

  it("of different names do not wait for each other", async () => {
    mkdirSync(folder());
    const locks = new Locks(folder());
    await locks.hold("a", () => locks.hold("b", () => new Locks(folder()).hold("ab", async () => {})));
  });

  it("open again after work that failed", async () => {
    const locks = new Locks(folder());
    await expect(locks.hold("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await locks.hold("a", async () => {});
    expect(readdirSync(folder())).toEqual([]);
  });

  it("give up on an owner that hangs, and name its flag", async () => {
    mkdirSync(folder());
    const [other, locks] = [new Locks(folder()), new Locks(folder(), 50)];
    await other.hold("a", async () => {
      const error = await locks.hold("a", async () => {}).catch((caught: unknown) => caught);
      expect(isSessionError(error, "SOJOURN_STORE_UNAVAILABLE")).toBe(true);
      expect(String(error)).toContain(String(process.pid));
    });
    await locks.hold("a", async () => {});
  });

  it("pass by flags that are nobody's", async () => {
    mkdirSync(folder());
    for (const name of ["a~", "a~x", "a~0.0~zz.0.1.0", "README"]) writeFileSync(join(folder(), name), "");
    await new Locks(folder(), 50).hold("a", async () => {});
  });
});

describe("isGone()", () => {
  const own = thisProcess();
  const never = (): number => {
    throw new Error("must not be asked");
  };

  it("tells this process from one that had its id before", () => {
    expect(isGone(own, never)).toBe(false);
    expect(isGone({ ...own, start: "1" }, never)).toBe(true);
    expect(isGone({ ...own, boot: "00000000" }, never)).toBe(true);
    expect(isGone({ ...own, pid: 2 ** 22 + 1 }, never)).toBe(true);
  });

  it("goes by age where there is nothing better", () => {
    for (const owner of [
      { ...own, host: "00000000" },
      { ...own, start: "0" },
    ]) {
      expect(isGone(owner, () => 59_000)).toBe(false);
      expect(isGone(owner, () => 61_000)).toBe(true);
    }
  });

  it("reads back what uniqueName() wrote, and nothing else", () => {
    expect(readOwner(`record-x~${uniqueName()}`)).toEqual(own);
    for (const name of ["", "~", "a~b.c.d.e", "a~00000000.0.x.0", "00000000.0.1.0"]) expect(readOwner(name)).toBeNull();
  });

  it("lets an old flag from another machine lapse", async () => {
    const folder = join(root, "locks");
    mkdirSync(folder);
    const path = join(folder, "a~0.0~00000000.0.1.1");
    writeFileSync(path, "");
    await expect(new Locks(folder, 20).hold("a", async () => {})).rejects.toThrow("waited");
    const old = Date.now() / 1000 - 120;
    utimesSync(path, old, old);
    await new Locks(folder, 20).hold("a", async () => {});
    expect(readdirSync(folder)).toEqual([]);
  });
});
