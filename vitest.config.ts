import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Tests read the sources; test/package reads what is built. */
export const alias = [
  { find: /^#crypto$/, replacement: src("crypto/node.ts") },
  { find: /^sojourn$/, replacement: src("index.ts") },
  { find: /^sojourn\/stores$/, replacement: src("stores/open.ts") },
  { find: /^sojourn\/stores\/(.*)$/, replacement: src("stores/$1.ts") },
  { find: /^sojourn\/codecs\/(.*)$/, replacement: src("codec/$1.ts") },
  { find: /^sojourn\/transports\/(.*)$/, replacement: src("transport/$1.ts") },
  { find: /^sojourn\/testing$/, replacement: src("testing/index.ts") },
  { find: /^sojourn\/([a-z]+)$/, replacement: src("adapters/$1.ts") },
];

export default defineConfig({
  resolve: { alias },
  test: { include: ["test/**/*.test.ts"], testTimeout: 30_000, pool: "forks" },
});
