/** A suite that cannot fail proves nothing: here it meets stores with known mistakes. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { Store } from "../../../src/stores/store.ts";
import type { StoreContext, StoreContractOptions, StoreContractReport } from "../../../src/testing/index.ts";
import { storeContract } from "../../../src/testing/index.ts";
import { brokenEnds } from "./broken-ends.ts";
import { brokenLifecycle } from "./broken-lifecycle.ts";
import { brokenReplace, brokenRevocation } from "./broken-replace.ts";
import { brokenAdmission, brokenListing } from "./broken-users.ts";
import { brokenValues } from "./broken-values.ts";
import { brokenWriting } from "./broken-writing.ts";

const brokenStores = [
  ...brokenWriting,
  ...brokenValues,
  ...brokenListing,
  ...brokenAdmission,
  ...brokenRevocation,
  ...brokenReplace,
  ...brokenEnds,
  ...brokenLifecycle,
];

interface Run {
  readonly report: StoreContractReport;
  readonly names: readonly string[];
  readonly failed: ReadonlyMap<string, string>;
}

/**
 * Runs the suite under a runner of three lines, and says which cases failed.
 *
 * @param named A part of the names of those that are run; default all.
 */
async function run(
  open: (context: StoreContext) => Store,
  options: Partial<StoreContractOptions> = {},
  named = "",
): Promise<Run> {
  const cases: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  const failed = new Map<string, string>();
  const report = await storeContract({
    describe: (_, body) => body(),
    it: (name, body) => cases.push({ name, body }),
    open,
    histories: 20,
    seed: 1,
    ...options,
  });
  const chosen = cases.filter(({ name }) => name.includes(named));
  await Promise.all(
    chosen.map(({ name, body }) => body().catch((error: unknown) => failed.set(name, (error as Error).message))),
  );
  return { report, names: cases.map(({ name }) => name), failed };
}

describe("storeContract()", () => {
  test.each(brokenStores)("catches: $mistake", async ({ open, caughtBy }) => {
    const { failed } = await run(open, {}, caughtBy);
    expect([...failed.keys()]).toContainEqual(expect.stringContaining(caughtBy));
  });

  it("passes a store that keeps the contract, and says what it covered", async () => {
    const { failed, report, names } = await run(({ clock }) => memoryStore({ clock }));
    expect([...failed]).toEqual([]);
    expect(report.absent).toEqual([]);
    expect(names.at(-1)).toContain("covers basics");
  });

  it("leaves out the cases of replace() by name where a store has it not", async () => {
    const { report, failed, names } = await run(({ clock }) => {
      const inner = memoryStore({ clock });
      return new Proxy(inner, {
        has: (target, name) => name !== "replace" && name in target,
        get: (target, name) => {
          const value: unknown = name === "replace" ? undefined : Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    });
    expect([...failed]).toEqual([]);
    expect(report.absent).toEqual(["replace", "races of replace", "watch of replace"]);
    expect(names.at(-1)).toContain("has no replace, races of replace, watch of replace");
  });

  it("leaves out what a store has no verbs for, and says so", async () => {
    const { report, failed } = await run(({ clock }) => {
      const inner = memoryStore({ clock });
      return {
        name: "five verbs",
        consistency: "cas",
        get: (key) => inner.get(key),
        create: (key, record) => inner.create(key, record),
        update: (key, record, expected) => inner.update(key, record, expected),
        touch: (key, seenAt, expiresAt) => inner.touch(key, seenAt, expiresAt),
        delete: (key) => inner.delete(key),
      };
    });
    expect([...failed]).toEqual([]);
    expect(report.absent).toContain("users");
    expect(report.absent).toContain("watch");
    expect(report.ran).not.toContain("users");
  });

  it("asks less of a store that promises less", async () => {
    const lossy = ({ clock }: StoreContext): Store => {
      const inner = memoryStore({ clock });
      return {
        name: "lossy",
        consistency: "none",
        get: (key) => inner.get(key),
        create: async (key, record) => {
          await inner.delete(key);
          return inner.create(key, record);
        },
        update: async (key, record) => {
          await inner.delete(key);
          const version = await inner.create(key, record);
          return version === null ? { status: "gone" } : { status: "ok", version };
        },
        touch: (key, seenAt, expiresAt) => inner.touch(key, seenAt, expiresAt),
        delete: (key) => inner.delete(key),
      };
    };
    const { names, failed } = await run(lossy);
    expect(names.some((name) => name.includes("50 parallel loops"))).toBe(false);
    expect([...failed.keys()].filter((name) => !name.startsWith("an expired record"))).toEqual([]);
  });

  it("waits in real time for a backend with a clock of its own", async () => {
    const { failed, names } = await run(() => memoryStore(), { clock: "real" });
    expect([...failed]).toEqual([]);
    expect(names.some((name) => name.includes("one millisecond before"))).toBe(false);
  });

  it("runs the races across two handles of a shared backend, and reopens a durable one", async () => {
    const backends = new Map<string, ReturnType<typeof memoryStore>>();
    const opened: string[] = [];
    const open = ({ clock, name }: StoreContext): Store => {
      opened.push(name);
      const backend = backends.get(name) ?? memoryStore({ clock });
      backends.set(name, backend);
      return backend;
    };
    const close = (): void => {};
    const { failed, names } = await run(open, { handles: "shared", durable: true, close });
    // Where closing a store closes what is behind it as well, the two cases about that object.
    expect([...failed.keys()]).toEqual([
      expect.stringContaining("close() of one store"),
      expect.stringContaining("close() waits"),
    ]);
    expect(names.filter((name) => name.startsWith("50 parallel loops of read"))).toHaveLength(2);
    expect(opened.length).toBeGreaterThan(new Set(opened).size);
    expect(opened.every((name) => /^[a-z0-9_]{1,24}$/.test(name))).toBe(true);
  });

  it("runs under the runner of Node", () => {
    const script = fileURLToPath(new URL("./node-runner.ts", import.meta.url));
    const args = ["--import", "tsx", "--test", "--test-reporter=tap", script];
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 25_000 });
    expect(status).toBe(0);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(100);
  });

  it("says in a failure how to repeat it", async () => {
    const { failed } = await run(() => memoryStore({ clock: () => 0 }), { seed: 77 });
    expect([...failed.values()].every((message) => message.includes("seed: 77"))).toBe(true);
  });
});
