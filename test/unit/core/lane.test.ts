import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLane } from "../../../src/commit/lane.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("createLane()", () => {
  it("runs tasks of one key one after another, in order, and those of other keys beside them", async () => {
    const lane = createLane();
    const steps: string[] = [];
    const task = (name: string) => async () => {
      steps.push(`${name} begins`);
      await Promise.resolve();
      steps.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([
      lane.run("k", task("a")),
      lane.run("k", task("b")),
      lane.run("other", task("c")),
    ]);
    expect(results).toEqual(["a", "b", "c"]);
    expect(steps.filter((step) => !step.startsWith("c"))).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    expect(steps.indexOf("c begins")).toBeLessThan(steps.indexOf("a ends"));
  });

  it("goes on after a task that fails, which fails alone", async () => {
    const lane = createLane();
    const failing = lane.run("k", () => Promise.reject(new Error("failed")));
    const next = lane.run("k", async () => "next");
    await expect(failing).rejects.toThrow("failed");
    expect(await next).toBe("next");
  });

  it("waits for nobody for ever: it only saves work", async () => {
    const lane = createLane();
    void lane.run("k", () => new Promise(() => {}));
    const next = lane.run("k", async () => "next");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await next).toBe("next");
  });

  it("leaves no timer and no key behind", async () => {
    const lane = createLane();
    await Promise.all([1, 2, 3].map((each) => lane.run("k", async () => each)));
    expect(vi.getTimerCount()).toBe(0);
    let waited = false;
    const after = lane.run("k", async () => {
      waited = vi.getTimerCount() > 0;
    });
    await after;
    expect(waited).toBe(false);
  });
});
