import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { run } from "../../../src/cli/run.ts";
import { createKeyRing, type KeyRing } from "../../../src/crypto/keyring.ts";
import { readSecrets, type Secrets } from "../../../src/crypto/secrets.ts";

/** Runs the command line in this process. */
async function sojourn(args: readonly string[], input = "") {
  const said = { code: -1, out: "", err: "" };
  said.code = await run(args, {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    input: () => input,
  });
  return said;
}

const make = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
const lines = (text: string): string[] => [...text.matchAll(/SOJOURN_SECRET=(\S+)/g)].map(([, value]) => value ?? "");
const ring = (secrets: Secrets): KeyRing => createKeyRing(secrets, { audience: "test" });
const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

describe("sojourn", () => {
  test.each(["--help", "-h"])("%s lists the commands", async (flag) => {
    const { code, out, err } = await sojourn([flag]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^Usage: sojourn <command>/);
    expect(out).toMatch(/^ {2}secret {2}/m);
  });

  test.each(["--version", "-v"])("%s prints the version of the package", async (flag) => {
    expect(await sojourn([flag])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  test("an unknown command is told, with the list, and exits 2", async () => {
    const { code, out, err } = await sojourn(["sekret"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^sojourn: found no command of that name\n/);
    expect(err).toContain("  secret  ");
  });

  test("no command exits 2", async () => {
    const { code, out, err } = await sojourn([]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^sojourn: no command given\n/);
  });
});

describe("sojourn secret", () => {
  test("--help tells its options", async () => {
    const { code, out } = await sojourn(["secret", "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/--add <value>/);
  });

  test("prints one new secret in every form that the library takes", async () => {
    const { code, out, err } = await sojourn(["secret"]);
    expect([code, err]).toEqual([0, ""]);
    const [environment = ""] = lines(out);
    const [, text = ""] = /secrets: "(.+)"/.exec(out) ?? [];
    const [, name = "", key = ""] = /secrets: \{ active: "(\w+)", keys: \{ k1: "(.+)" \} \}/.exec(out) ?? [];
    expect(name).toBe("k1");
    const forms: Secrets[] = [environment, text, { active: name, keys: { k1: key } }];
    for (const form of forms) expect(readSecrets(form)).toEqual(readSecrets(text));
  });

  test("--raw prints the value only", async () => {
    const { code, out, err } = await sojourn(["secret", "--raw"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^k1:[\w-]{43}\n$/);
    expect(readSecrets(out).active).toBe("k1");
  });

  test("makes another secret each time", async () => {
    expect((await sojourn(["secret", "--raw"])).out).not.toBe((await sojourn(["secret", "--raw"])).out);
  });

  test("--add prints the values of three roll-outs that log nobody out", async () => {
    const [k1, k2] = [make(), make()];
    const present = `k2:${k2},k1:${k1},!k0`;
    const { code, out, err } = await sojourn(["secret", "--add", present]);
    expect([code, err]).toEqual([0, ""]);
    const [pending = "", active = "", alone = "", ...more] = lines(out);
    expect(more).toEqual([]);
    const added = /k3:([\w-]{43})/.exec(out)?.[1];
    expect(pending).toBe(`k2:${k2},k1:${k1},k3:${added},!k0`);
    expect(active).toBe(`k3:${added},k2:${k2},k1:${k1},!k0`);
    expect(alone).toBe(`k3:${added},!k0`);
    expect([ring(pending).active.name, ring(active).active.name, ring(alone).active.name]).toEqual(["k2", "k3", "k3"]);
    expect(ring(pending).find(3)?.name).toBe("k3");
  });

  test.each([
    ["a plain secret", () => make(), /^k1:[\w-]{43},k2:[\w-]{43}\n$/],
    ["the last name", () => `k255:${make()}`, /^k255:[\w-]{43},k0:[\w-]{43}\n$/],
    ["a revoked name above", () => `k1:${make()},!k7`, /^k1:[\w-]{43},k8:[\w-]{43},!k7\n$/],
    ["a name that is taken around the end", () => `k255:${make()},k0:${make()},!k1`, /,k2:[\w-]{43},!k1\n$/],
  ])("--add --raw prints the first roll-out for %s", async (_what, present, expected) => {
    const { code, out } = await sojourn(["secret", `--add=${present()}`, "--raw"]);
    expect(code).toBe(0);
    expect(out).toMatch(expected);
  });

  test("--add - reads the standard input", async () => {
    const { code, out } = await sojourn(["secret", "--add", "-", "--raw"], `k4:${make()}\n`);
    expect(code).toBe(0);
    expect(out).toMatch(/^k4:[\w-]{43},k5:[\w-]{43}\n$/);
  });

  test("--add refuses what the library refuses, and exits 1 without the secret", async () => {
    const { code, out, err } = await sojourn(["secret", "--add", "k1:keyboard cat"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^sojourn secret: Option "--add, key k1": expected 32 to 1024 random bytes/);
    expect(err).not.toContain("keyboard");
  });

  test("--add with every name taken exits 2", async () => {
    const present = [`k0:${make()}`, ...Array.from({ length: 255 }, (_, i) => `!k${i + 1}`)].join(",");
    const { code, err } = await sojourn(["secret", "--add", present]);
    expect(code).toBe(2);
    expect(err).toMatch(/all the names from k0 to k255 are taken/);
  });

  test.each([
    ["an option that does not exist", ["secret", "--bytes", "16"]],
    ["--add without a value", ["secret", "--add"]],
    ["--add with nothing", ["secret", "--add", ""]],
    ["--add - with an empty input", ["secret", "--add", "-"]],
  ])("%s exits 2 and points to the help", async (_what, args) => {
    const { code, out, err } = await sojourn(args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^sojourn secret: .+\nTry: sojourn secret --help\n$/s);
  });

  test("an argument that was meant for --add is not repeated", async () => {
    const present = `k1:${make()}`;
    const { code, err } = await sojourn(["secret", present]);
    expect(code).toBe(2);
    expect(err).not.toContain(present.slice(3));
  });
});

describe("sojourn help", () => {
  test("help is a command, and takes the name of one", async () => {
    const all = await sojourn(["help"]);
    expect([all.code, all.err]).toEqual([0, ""]);
    expect(all.out).toMatch(/^Usage: sojourn <command>/);
    expect(all.out).toBe((await sojourn(["--help"])).out);
    expect((await sojourn(["help", "secret"])).out).toBe((await sojourn(["secret", "--help"])).out);
    expect((await sojourn(["help", "nonsense"])).code).toBe(2);
  });

  test("an unknown command is not repeated: it may be a secret", async () => {
    const { code, err } = await sojourn(["hunter2"]);
    expect([code, err.includes("hunter2")]).toEqual([2, false]);
    expect(err).toContain("found no command of that name");
  });
});

describe("src/cli/main.ts", () => {
  const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
  const start = (args: readonly string[], input = "") =>
    spawnSync(process.execPath, ["--import", "tsx", main, ...args], { encoding: "utf8", input });

  test("answers with the exit code and reads the standard input", () => {
    const added = start(["secret", "--add", "-", "--raw"], `k1:${make()}\n`);
    expect([added.status, added.stderr]).toEqual([0, ""]);
    expect(added.stdout).toMatch(/^k1:[\w-]{43},k2:[\w-]{43}\n$/);
    expect(start(["nonsense"]).status).toBe(2);
  });

  test("starts with a line for the shell", () => {
    expect(readFileSync(main, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
