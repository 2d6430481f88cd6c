/** The limits of .size-limit.mjs, as tests. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Size {
  readonly name: string;
  readonly passed: boolean;
  readonly size: number;
  readonly sizeLimit: number;
}

/** size-limit ends with 1 when a limit is broken; the report is on stdout all the same. */
function measure(): readonly Size[] {
  try {
    return JSON.parse(execFileSync("node_modules/.bin/size-limit", ["--json"], { cwd: root, encoding: "utf8" }));
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    if (!stdout.trim().startsWith("[")) throw new Error(`size-limit: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }
}

test("each mode on each platform keeps its limit", () => {
  const sizes = measure();
  expect(sizes.map((one) => one.name)).toHaveLength(4);
  for (const { name, size, sizeLimit } of sizes) {
    expect(size, `${name} is empty`).toBeGreaterThan(500);
    expect.soft(size, name).toBeLessThanOrEqual(sizeLimit);
  }
});
