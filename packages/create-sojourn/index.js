#!/usr/bin/env node
/** `npm create sojourn`: `sojourn init`, for who has not installed it yet. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const manifest = require.resolve("sojourn/package.json");
const program = join(dirname(manifest), require(manifest).bin.sojourn);

const { error, status } = spawnSync(process.execPath, [program, "init", ...process.argv.slice(2)], {
  stdio: "inherit",
});
if (error) throw error;
process.exitCode = status ?? 1;
