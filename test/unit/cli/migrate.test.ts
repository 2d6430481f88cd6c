import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../src/cli/run.ts";
import { fileStore } from "../../../src/stores/file.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sojourn-migrate-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command line in this process. */
async function sojourn(...args: readonly string[]) {
  const said = { code: -1, out: "", err: "" };
  said.code = await run(args, {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    input: () => "",
  });
  return said;
}

const keys = (count: number): string[] => Array.from({ length: count }, (_, at) => `${at}`.padStart(43, "k"));

async function plant(count: number): Promise<void> {
  const store = sqliteStore(join(folder, "old.db"), { durability: "normal" });
  const now = Date.now();
  const times = { createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
  await Promise.all(keys(count).map((key) => store.create(key, { payload: key, userId: "ann", ...times })));
  await store.close();
}

/** How many of the sessions each store holds. */
async function counts(total: number): Promise<[old: number, young: number]> {
  const stores = [sqliteStore(join(folder, "old.db")), fileStore(join(folder, "new"))] as const;
  const found = [0, 0];
  for (const key of keys(total)) {
    for (const [at, store] of stores.entries()) {
      const record = await store.get(key);
      if (record?.payload === key) found[at] = (found[at] ?? 0) + 1;
    }
  }
  await Promise.all(stores.map((store) => store.close()));
  return found as [number, number];
}

const urls = (): [string, string] => [
  `sqlite:${join(folder, "old.db")}`,
  `file:${join(folder, "new")}?durability=rename`,
];

describe("sojourn migrate", () => {
  test("moves everything, says how much, and can be run again", async () => {
    await plant(25);
    const { code, out, err } = await sojourn("migrate", ...urls(), "--batch", "10");
    expect([code, err]).toEqual([0, ""]);
    // Before it, how far it has come, each second.
    expect(out).toMatch(
      /(?:^|\n)25 looked at: 25 moved, 0 moved or ended by others, 0 left\nDone: the old store holds no session\.\n$/,
    );
    expect(await counts(25)).toEqual([0, 25]);
    const again = await sojourn("migrate", ...urls());
    expect([again.code, again.out.split("\n")[0]]).toEqual([
      0,
      "0 looked at: 0 moved, 0 moved or ended by others, 0 left",
    ]);
  });

  test("refuses a source that is not there, and makes nothing", async () => {
    const [, to] = urls();
    for (const [scheme, name] of [
      ["sqlite", "typo.db"],
      ["file", "typo"],
    ] as const) {
      const { code, out, err } = await sojourn("migrate", `${scheme}:${join(folder, name)}`, to);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toContain(`the first store is not there: no such file or folder, "${join(folder, name)}"`);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("says what is wrong with what is no URL, and does not repeat it", async () => {
    const { code, err } = await sojourn("migrate", "hunter2", "foo");
    expect(code).toBe(2);
    expect(err).toMatch(/^sojourn migrate: the first store is not a URL such as "sqlite:/);
    expect(err).not.toContain("hunter2");
    expect((await sojourn("migrate", "redis://localhost", "hunter2")).err).toContain("the second store is not a URL");
    expect((await sojourn("migrate", "hunter2")).err).toContain("found one argument");
  });

  test("says so when there was nothing to move", async () => {
    const old = sqliteStore(join(folder, "old.db"));
    await old.get(keys(1)[0] ?? "");
    await old.close();
    const { code, out } = await sojourn("migrate", ...urls());
    expect([code, out.split("\n").at(-2)]).toEqual([0, "Nothing to move: the old store holds no session."]);
  });

  test("takes a store from the environment", async () => {
    await plant(3);
    const [from, to] = urls();
    process.env.SOJOURN_TEST_STORE = to;
    try {
      expect((await sojourn("migrate", from, "env:SOJOURN_TEST_STORE")).code).toBe(0);
    } finally {
      delete process.env.SOJOURN_TEST_STORE;
    }
    expect(await counts(3)).toEqual([0, 3]);
  });

  test("Ctrl-C stops it after a step, with nothing lost, and it can go on from there", async () => {
    const total = 200;
    await plant(total);
    const child = spawnCli("migrate", ...urls(), "--batch", "1");
    const said = listen(child);
    // It is in the middle of a step, and goes on with it when the signal has arrived.
    child.stdout?.setEncoding("utf8").once("data", () => child.kill("SIGINT"));
    const { code, err } = await said;
    expect([code, err]).toEqual([
      130,
      expect.stringMatching(/^Stopped\. Run it again to go on, with --cursor '.+' or /),
    ]);
    const [before, moved] = await counts(total);
    expect([before + moved, before > 0, moved > 0]).toEqual([total, true, true]);
    const cursor = /--cursor '(.+)' or/.exec(err)?.[1] ?? "";
    expect((await sojourn("migrate", ...urls(), "--cursor", cursor)).code).toBe(0);
    expect(await counts(total)).toEqual([0, total]);
  }, 120_000);

  test.each([
    ["no store", []],
    ["one store", ["sqlite:a.db"]],
    ["three", ["sqlite:a.db", "sqlite:b.db", "sqlite:c.db"]],
    ["the same twice", ["sqlite:a.db", "sqlite:a.db"]],
    ["the memory of a process", ["sqlite:a.db", "memory:"]],
    ["a variable that is not there", ["sqlite:a.db", "env:SOJOURN_NO_SUCH_VARIABLE"]],
    ["a batch of nothing", ["sqlite:a.db", "sqlite:b.db", "--batch", "0"]],
  ])("%s is a mistake: exit 2", async (_, args) => {
    const { code, err } = await sojourn("migrate", ...args);
    expect(code).toBe(2);
    expect(err).toMatch(/^sojourn migrate: .+\nTry: sojourn migrate --help\n$/);
  });

  test("a store that cannot be opened is an error: exit 1, and no password in it", async () => {
    await plant(1);
    const { code, err } = await sojourn("migrate", urls()[0], "redis://u:hidden@127.0.0.1:1");
    expect(code).toBe(1);
    expect(err).toContain("Run it again");
    expect(err).not.toContain("hidden");
  });
});

/** It waits for SIGINT in the tenth step. */
function spawnCli(...args: readonly string[]): ChildProcess {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const flags = ["--import", "tsx", "--import", join(root, "test/support/processes/wait-for-sigint.ts")];
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") };
  return spawn(process.execPath, [...flags, join(root, "src/cli/main.ts"), ...args], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function listen(child: ChildProcess): Promise<{ readonly code: number | null; readonly err: string }> {
  let err = "";
  child.stdout?.resume();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, err })));
}
