/** What a page downloads for `sojourn/client`: counted, and looked through for what belongs to the server. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    tsconfigRaw: "{}",
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

test("the client is below 3 kB gzipped, with a hook, too", async () => {
  const client = await bundle('export { sessionClient } from "sojourn/client";');
  const hooked = await bundle(
    'export { sessionClient } from "sojourn/client"; export { reactSession } from "sojourn/client/hooks";',
  );
  for (const text of [client, hooked]) {
    expect(text).toContain("BroadcastChannel");
    expect(gzipSync(text).length).toBeLessThan(3_000);
  }
});

test("the client works with a strict Content-Security-Policy: it evaluates and injects nothing", async () => {
  const text = await bundle('export * from "sojourn/client"; export * from "sojourn/client/hooks";');
  expect(text).not.toMatch(/\beval\b|\bFunction\(|innerHTML|createElement|localStorage|document\.cookie|import\(/);
});
