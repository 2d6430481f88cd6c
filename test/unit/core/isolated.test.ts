/** Where nothing that one request waits for may belong to another: a lane that looks, and a timer for each call. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../../src/events.ts";
import { createAsk } from "../../../src/record/deadline.ts";
import { createKeyQueue } from "../../../src/record/key-queue.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = (): Promise<never> => new Promise(() => {});

describe("createKeyQueue(isolated)", () => {
  it("runs tasks of one key in order, and those of other keys beside them", async () => {
    const lane = createKeyQueue(true);
    const steps: string[] = [];
    const task = (name: string) => async () => {
      steps.push(`${name} begins`);
      await Promise.resolve();
      steps.push(`${name} ends`);
      return name;
    };
    const results = Promise.all([lane.run("k", task("a")), lane.run("k", task("b")), lane.run("l", task("c"))]);
    await vi.advanceTimersByTimeAsync(20);
    expect(await results).toEqual(["a", "b", "c"]);
    expect(steps.filter((step) => !step.startsWith("c"))).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    expect([lane.busy("k"), lane.busy("l")]).toEqual([false, false]);
  });

  it("lets all go when the one in front never ends, and whoever comes later waits for none of them", async () => {
    const lane = createKeyQueue(true);
    void lane.run("k", never);
    const others = Promise.all([1, 2, 3].map((each) => lane.run("k", async () => each)));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await others).toEqual([1, 2, 3]);
    expect(await lane.run("k", async () => "late")).toBe("late");
  });

  it("lets all go when a task fails, which fails alone", async () => {
    const lane = createKeyQueue(true);
    const failing = lane.run("k", () => Promise.reject(new Error("failed")));
    const other = lane.run("k", async () => "done");
    await expect(failing).rejects.toThrow("failed");
    await vi.advanceTimersByTimeAsync(4);
    expect(await other).toBe("done");
  });
});

describe("createAsk(isolated)", () => {
  const events: SessionEvent[] = [];
  const ask = createAsk("memory", 100, (event) => void events.push(event as SessionEvent), true);
  beforeEach(() => {
    events.length = 0;
  });

  it("gives up on each call by itself, once", async () => {
    const late = ask("get", () => new Promise((_, reject) => setTimeout(() => reject(new Error("at last")), 150)));
    const rejected = expect(late).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await vi.advanceTimersByTimeAsync(50);
    const answered = ask("get", async () => "value");
    await vi.advanceTimersByTimeAsync(200);
    await rejected;
    expect(await answered).toBe("value");
    expect(events).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("turns what a store throws or rejects with into the coded error", async () => {
    const failing = [
      () => Promise.reject(new Error("down")),
      (): Promise<never> => {
        throw new Error("down");
      },
    ];
    for (const call of failing)
      await expect((async () => ask("get", call))()).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    expect(vi.getTimerCount()).toBe(0);
  });
});
