import { channel } from "node:diagnostics_channel";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createEmitter } from "../../../src/events.ts";
import { settle } from "../../support/visitor.ts";

const event = { type: "revoked", userId: "ann", count: 1 } as const;

afterEach(() => vi.restoreAllMocks());

describe("createEmitter()", () => {
  it("calls the hook of the event's type, and no other", () => {
    const [revoked, created] = [vi.fn(), vi.fn()];
    createEmitter({ revoked, created })(event);
    expect(revoked.mock.calls).toEqual([[event]]);
    expect(created).not.toHaveBeenCalled();
  });

  it("publishes on the channel of the type", () => {
    const seen: unknown[] = [];
    const listener = (message: unknown) => seen.push(message);
    channel("sojourn:revoked").subscribe(listener);
    createEmitter({})(event);
    channel("sojourn:revoked").unsubscribe(listener);
    createEmitter({})(event);
    expect(seen).toEqual([event]);
  });

  it("reports a hook that throws or rejects, and disturbs nobody", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    createEmitter({
      revoked: () => {
        throw new Error("the hook failed");
      },
    })(event);
    createEmitter({ revoked: async () => Promise.reject(new Error("the hook failed later")) })(event);
    await settle();
    await settle();
    process.off("unhandledRejection", unhandled);
    expect(report.mock.calls.map(([text]) => text)).toEqual(Array(2).fill('sojourn: the hook "revoked" threw'));
    expect(unhandled).not.toHaveBeenCalled();
  });
});
