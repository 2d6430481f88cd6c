/** The package as a consumer gets it: packed by npm and unpacked into a folder outside the project. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pending, readManifest, withoutPending } from "./manifest.ts";
import { root, run } from "./run.ts";

export interface StagedPackage {
  /** An empty application that has the package in its node_modules. */
  readonly app: string;
  /** The package itself: `<app>/node_modules/sojourn`. */
  readonly folder: string;
  /** Removes the application. */
  remove(): void;
}

/** Packs what `npm run build` made. Fails when there is no build. */
export async function stagePackage(): Promise<StagedPackage> {
  const app = mkdtempSync(join(tmpdir(), "sojourn-app-"));
  const remove = (): void => rmSync(app, { recursive: true, force: true });
  try {
    const manifest = readManifest();
    const folder = join(app, "node_modules", manifest.name);
    mkdirSync(folder, { recursive: true });
    await must("npm", ["pack", "--ignore-scripts", "--pack-destination", app, "--loglevel", "error"], root);
    const tarball = join(app, `${manifest.name}-${manifest.version}.tgz`);
    await must("tar", ["-xzf", tarball, "-C", folder, "--strip-components", "1"], app);
    rmSync(tarball);
    if (pending(manifest).length > 0 || !withoutPending(manifest).bin)
      writeFileSync(join(folder, "package.json"), JSON.stringify(withoutPending(manifest), null, 2));
    const dependencies = { [manifest.name]: manifest.version };
    writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
    return { app, folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

async function must(command: string, args: readonly string[], cwd: string): Promise<void> {
  const ran = await run(command, args, { cwd, seconds: 60, quiet: true });
  if (!ran.ok) throw new Error(`${command} ${args.join(" ")}: ${ran.reason}\n${ran.output}`);
}
