/** What package.json promises, and what of it has been written. */
import { existsSync, readFileSync } from "node:fs";
import { root } from "./run.ts";

interface Target {
  /** For CommonJS, and for all others. */
  readonly types: { readonly require: string; readonly default: string };
  readonly default: string;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly types: string;
  readonly typesVersions: Record<string, Record<string, readonly string[]>>;
  readonly exports: Record<string, Target | string>;
  readonly imports: Record<string, Record<string, string>>;
  readonly bin?: Record<string, string>;
  readonly files: readonly string[];
  readonly dependencies?: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

export function readManifest(folder: string = root): Manifest {
  return JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Manifest;
}

/** The source of an entry in dist. */
export const sourceOf = (built: string): string => built.replace("./dist/", "src/").replace(/(\.d\.ts|\.js)$/, ".ts");

const written = (built: string): boolean => existsSync(`${root}/${sourceOf(built)}`);

/** The subpaths with code behind them: "." and "./stores/memory", not "./package.json". */
export function subpaths(manifest: Manifest): readonly (readonly [subpath: string, target: Target])[] {
  return Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === "string" ? [] : [[subpath, target] as const],
  );
}

/** Subpaths that are promised but not written yet. Empty at a release, and `SOJOURN_RELEASE=1` insists on it. */
export function pending(manifest: Manifest): readonly string[] {
  return subpaths(manifest)
    .filter(([, target]) => !written(target.default))
    .map(([subpath]) => subpath);
}

/** The manifest without what is not written yet, so that tools can check the rest. */
export function withoutPending(manifest: Manifest): Manifest {
  const missing = pending(manifest);
  const { bin, ...rest } = manifest;
  const commands = Object.entries(bin ?? {}).filter(([, file]) => written(file));
  return {
    ...rest,
    ...(commands.length > 0 ? { bin: Object.fromEntries(commands) } : {}),
    exports: Object.fromEntries(Object.entries(manifest.exports).filter(([subpath]) => !missing.includes(subpath))),
  };
}
