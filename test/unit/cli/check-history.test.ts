import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { run } from "../../../src/cli/run.ts";
import { historyRecorder } from "../../../src/testing/history/recorder.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-history-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function sojourn(args: readonly string[], input = ""): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await run(args, { out: (text) => (out += text), err: (text) => (err += text), input: () => input });
  return { code, out, err };
}

/** Two processes with a file each, of which the second sees what it must not when `stale`. */
function files(stale: boolean): string[] {
  let now = 0;
  const names = ["one", "two"].map((name) => join(folder, `${name}-${stale}.jsonl`)) as [string, string];
  const texts = ["", ""] as [string, string];
  const clients = [0, 1].map((at) =>
    historyRecorder({ now: () => now++, write: (line) => (texts[at] += line) }).client(`c${at}`),
  );
  const [one, two] = clients as [(typeof clients)[0], (typeof clients)[0]];
  one.invoke({ op: "login", key: "s", user: "ann" }).ok();
  two.invoke({ op: "valid", key: "s" }).ok({ value: true });
  one.invoke({ op: "revokeUser", user: "ann" }).ok();
  two.invoke({ op: "valid", key: "s" }).ok({ value: stale });
  for (const [at, name] of names.entries()) writeFileSync(name, texts[at] ?? "");
  return names;
}

it("check-history ends with 0 for a legal history of several files, in any order", async () => {
  const { code, out } = await sojourn(["check-history", ...files(false).reverse()]);
  expect([code, out]).toEqual([0, expect.stringMatching(/^legal: 1 sessions, 4 operations/)]);
});

it("check-history ends with 1 for an illegal one, and says which calls", async () => {
  const { code, out } = await sojourn(["check-history", ...files(true)]);
  expect(code).toBe(1);
  expect(out).toMatch(/^illegal/);
  expect(out).toMatch(/c0 {2}revokeUser "ann" {2}→ done[\s\S]*c1 {2}valid {2,}→ true/);
});

it("check-history takes clocks that are apart as they are", async () => {
  expect((await sojourn(["check-history", "--skew", "4", ...files(true)])).code).toBe(0);
});

it("check-history ends with 3 where it gave up", async () => {
  const lines = ["create", "write", "write"].map((op, id) =>
    JSON.stringify({ type: "invoke", id: `${id}`, client: `c${id}`, time: 0, op, key: "s", value: id }),
  );
  for (const id of [0, 1, 2]) lines.push(JSON.stringify({ type: "ok", id: `${id}`, client: `c${id}`, time: 1 }));
  const { code, out } = await sojourn(["check-history", "-", "--steps", "1"], lines.join("\n"));
  expect([code, out]).toEqual([3, expect.stringContaining('not decided, for they took too many steps: "s"')]);
});

it.each([
  [[], "expected at least one file"],
  [["nowhere.jsonl"], 'cannot read "nowhere.jsonl"'],
  [["-", "--skew", "some"], "--skew expects a number"],
  [["-"], "-: line 1: expected JSON"],
])("check-history %j ends with 2 and says what was wrong", async (args, message) => {
  const { code, err } = await sojourn(["check-history", ...args], "no history");
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});
