import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKeyQueue } from "../../../src/record/key-queue.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = (): Promise<never> => new Promise(() => {});

describe("createKeyQueue()", () => {
  it("runs tasks of one key one after another, in order, and those of other keys beside them", async () => {
    const queue = createKeyQueue();
    const steps: string[] = [];
    const task = (name: string) => async () => {
      steps.push(`${name} begins`);
      await Promise.resolve();
      steps.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([
      queue.run("k", task("a")),
      queue.run("k", task("b")),
      queue.run("l", task("c")),
    ]);
    expect(results).toEqual(["a", "b", "c"]);
    expect(steps.filter((step) => !step.startsWith("c"))).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    expect(steps.indexOf("c begins")).toBeLessThan(steps.indexOf("a ends"));
  });

  it("lets all go at once when a task fails, which fails alone", async () => {
    const queue = createKeyQueue();
    let running = 0;
    let most = 0;
    const failing = queue.run("k", () => Promise.reject(new Error("failed")));
    const others = [1, 2, 3].map((each) =>
      queue.run("k", async () => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        await Promise.resolve();
        running -= 1;
        return each;
      }),
    );
    await expect(failing).rejects.toThrow("failed");
    expect(await Promise.all(others)).toEqual([1, 2, 3]);
    expect(most).toBe(3);
    expect(queue.busy("k")).toBe(false);
  });

  it("waits for nobody for ever, and after that for the same one not at all", async () => {
    const queue = createKeyQueue();
    void queue.run("k", never);
    const others = [queue.run("k", async () => "second"), queue.run("k", async () => "third")];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await Promise.all(others)).toEqual(["second", "third"]);
    expect(queue.busy("k")).toBe(false);
    expect(await queue.run("k", async () => "fourth")).toBe("fourth");
  });

  it("is patient with a long queue as long as it moves", async () => {
    const queue = createKeyQueue();
    let running = 0;
    const task = async () => {
      running += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => {
        setTimeout(resolve, 1_500);
      });
      running -= 1;
    };
    const all = Promise.all(Array.from({ length: 20 }, () => queue.run("k", task)));
    await vi.advanceTimersByTimeAsync(30_000);
    await all;
  });

  it("is busy while somebody is in it, and leaves no timer and no key behind", async () => {
    const queue = createKeyQueue();
    expect(queue.busy("k")).toBe(false);
    const all = Promise.all([1, 2, 3].map((each) => queue.run("k", async () => each)));
    expect(queue.busy("k")).toBe(true);
    expect(await all).toEqual([1, 2, 3]);
    await Promise.resolve();
    expect([queue.busy("k"), vi.getTimerCount()]).toEqual([false, 0]);
  });
});
