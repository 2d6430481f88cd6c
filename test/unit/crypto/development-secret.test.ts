import { spawn } from "node:child_process";
import fs, { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { developmentSecret } from "../../../src/crypto/development-secret.ts";
import { readSecrets, resolveSecrets } from "../../../src/crypto/secrets.ts";

let root = "";
let folder = "";
const warnings: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sojourn-secret-"));
  folder = join(root, ".sojourn");
  warnings.length = 0;
  vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(String(warning)));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

describe("developmentSecret()", () => {
  test("makes a secret that the ring takes, and gives the same one from then on", () => {
    const secret = developmentSecret(folder);
    expect(readSecrets(secret).keys.get("k1")).toHaveLength(32);
    expect(developmentSecret(folder)).toBe(secret);
    expect(readFileSync(join(folder, "secret"), "utf8")).toBe(`${secret}\n`);
  });

  test("keeps it from other users and from version control, and leaves nothing else", () => {
    developmentSecret(folder);
    expect(statSync(join(folder, "secret")).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe("*\n");
    expect(readdirSync(folder).sort()).toEqual([".gitignore", "secret"]);
  });

  test("says so once, without the secret", () => {
    const secret = developmentSecret(folder);
    developmentSecret(folder);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("npx sojourn secret");
    expect(warnings[0]).not.toContain(secret);
  });

  test("leaves a folder and its .gitignore that are there already", () => {
    fs.mkdirSync(folder);
    writeFileSync(join(folder, ".gitignore"), "mine\n");
    developmentSecret(folder);
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe("mine\n");
  });

  test("takes the secret of a process that was faster between the look and the link", () => {
    const link = fs.linkSync;
    let theirs = "";
    vi.spyOn(fs, "linkSync").mockImplementationOnce((from, to) => {
      theirs = developmentSecret(folder);
      link(from, to);
    });
    const ours = developmentSecret(folder);
    expect(ours).toBe(theirs);
    expect(readFileSync(join(folder, "secret"), "utf8")).toBe(`${ours}\n`);
    expect(readdirSync(folder).sort()).toEqual([".gitignore", "secret"]);
  });

  test("agrees over processes that start together", async () => {
    const module = fileURLToPath(new URL("../../../src/crypto/development-secret.ts", import.meta.url));
    const code = `import { developmentSecret } from ${JSON.stringify(module)};
      while (Date.now() < Number(process.env.START));
      process.stdout.write(developmentSecret(${JSON.stringify(folder)}));`;
    const env = { ...process.env, START: String(Date.now() + 2500), NODE_NO_WARNINGS: "1" };
    const one = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const args = ["--import", "tsx", "--input-type=module", "--eval", code];
        const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
        let said = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          said += text;
        });
        child.once("error", reject).once("close", () => resolve(said));
      });
    const secrets = await Promise.all([one(), one(), one()]);
    expect(secrets[0]).toHaveLength(43);
    expect(new Set(secrets).size).toBe(1);
  });

  test("throws what to do where the folder cannot be made", () => {
    writeFileSync(join(root, "file"), "");
    const inFile = join(root, "file", ".sojourn");
    expect(() => developmentSecret(inFile)).toThrow(
      expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", cause: expect.objectContaining({ code: "ENOTDIR" }) }),
    );
    expect(() => developmentSecret(inFile)).toThrow(/ENOTDIR.*npx sojourn secret/);
  });

  test("leaves no draft behind when the link fails", () => {
    vi.spyOn(fs, "linkSync").mockImplementation(() => {
      throw Object.assign(new Error("not on this file system"), { code: "EPERM" });
    });
    expect(() => developmentSecret(folder)).toThrow(/EPERM/);
    expect(readdirSync(folder)).toEqual([".gitignore"]);
  });
});

describe("resolveSecrets() without a secret", () => {
  const here = process.cwd();
  beforeEach(() => process.chdir(root));
  afterEach(() => process.chdir(here));

  test.each(["development", "test", undefined])("keeps one in .sojourn when NODE_ENV is %s", (value) => {
    vi.stubEnv("NODE_ENV", value);
    vi.stubEnv("SOJOURN_SECRET", undefined);
    const secret = resolveSecrets(undefined);
    expect(readFileSync(join(folder, "secret"), "utf8")).toBe(`${secret}\n`);
    expect(resolveSecrets(undefined)).toBe(secret);
  });

  test("makes no file in production", () => {
    vi.stubEnv("NODE_ENV", "production");
    vi.stubEnv("SOJOURN_SECRET", undefined);
    expect(() => resolveSecrets(undefined)).toThrow();
    expect(existsSync(folder)).toBe(false);
  });
});
