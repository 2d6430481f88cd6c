/** Checks the packed package, not the working folder: publint for the manifest, attw for the types. */
import { pending, readManifest } from "./manifest.ts";
import { root, run } from "./run.ts";
import { stagePackage } from "./staged-package.ts";

const missing = pending(readManifest());
if (missing.length > 0) console.warn(`Not written yet, so not checked: ${missing.join(", ")}`);
if (missing.length > 0 && process.env.SOJOURN_RELEASE) process.exitCode = 1;

const { folder, remove } = await stagePackage();
try {
  const bin = `${root}node_modules/.bin/`;
  const publint = await run(`${bin}publint`, ["run", folder, "--strict"], { seconds: 60 });
  // For `require` there are the same ES modules, which Node loads since 20.19; attw does not know that yet.
  const known = ["--ignore-rules", "cjs-resolves-to-esm", "false-cjs"];
  const attw = await run(`${bin}attw`, ["--pack", folder, "--profile", "strict", ...known], { seconds: 120 });
  if (!publint.ok || !attw.ok) process.exitCode = 1;
} finally {
  remove();
}
