import { describe, expect, it } from "vitest";
import { SessionError } from "../../../../src/errors.ts";
import { historyRecorder } from "../../../../src/testing/history/recorder.ts";
import { parseHistory } from "../../../../src/testing/history/text.ts";

const call = { op: "read", key: "s" } as const;

describe("historyRecorder()", () => {
  it("writes one line for each event, which parseHistory() reads back", () => {
    let file = "";
    const recorder = historyRecorder({ write: (line) => (file += line), keep: true });
    const client = recorder.client("c");
    const one = client.invoke({ op: "login", key: "s", user: "ann" });
    const two = client.invoke(call);
    one.begun();
    one.ok({ value: true, evicted: ["t"] });
    two.unknown("timeout");
    client.invoke({ op: "revokeAll" }).fail("forbidden");
    expect(file.endsWith("\n")).toBe(true);
    const events = parseHistory(file);
    expect(events.map(({ type, id }) => `${type} ${id}`)).toEqual([
      "invoke c:1",
      "invoke c:2",
      "begun c:1",
      "ok c:1",
      "unknown c:2",
      "invoke c:3",
      "fail c:3",
    ]);
    expect(events).toEqual(JSON.parse(JSON.stringify(recorder.events)));
  });

  it("keeps no events that it writes, unless it is asked to", () => {
    const recorder = historyRecorder({ write: () => {} });
    recorder.client("c").invoke(call);
    expect(recorder.events).toEqual([]);
  });

  it("puts its events in order where the clock stands still or goes back", () => {
    const times = [5, 5, 4, 5, 9];
    const recorder = historyRecorder({ now: () => times.shift() ?? 0 });
    const client = recorder.client("c");
    for (let count = 0; count < 3; count++) client.invoke(call).ok();
    const seen = recorder.events.map(({ time }) => time);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(new Set(seen).size).toBe(6);
    expect(seen[4]).toBe(9);
  });

  it("counts the first end of a call only", () => {
    const recorder = historyRecorder();
    const pending = recorder.client("c").invoke(call);
    pending.ok({ value: "a" });
    pending.unknown();
    pending.begun();
    expect(recorder.events.map(({ type }) => type)).toEqual(["invoke", "ok"]);
  });

  it("run() logs the answer, what certainly failed, and what nobody knows, and hands each on", async () => {
    const recorder = historyRecorder();
    const client = recorder.client("c");
    const answer = await client.run(
      call,
      async () => "a",
      (value) => ({ value }),
    );
    expect(answer).toBe("a");
    const refused = new SessionError("SOJOURN_SESSION_LIMIT", "full");
    const down = new SessionError("SOJOURN_STORE_UNAVAILABLE", "down");
    for (const error of [refused, down, new Error("reset")]) {
      await expect(client.run(call, () => Promise.reject(error))).rejects.toBe(error);
    }
    expect(recorder.events.filter(({ type }) => type !== "invoke")).toMatchObject([
      { type: "ok", value: "a" },
      { type: "fail", reason: "SOJOURN_SESSION_LIMIT" },
      { type: "unknown", reason: "SOJOURN_STORE_UNAVAILABLE" },
      { type: "unknown", reason: "Error: reset" },
    ]);
  });
});
