/**
 * Completes a lock file with the optional packages of other platforms. npm leaves them out when the
 * registry that it was asked does not have them (a mirror for one platform); `npm ci` then refuses the
 * lock file everywhere. test/package/lock.test.ts notices.
 *
 *   tsx scripts/complete-lock.ts            all lock files
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exampleNames } from "./examples.ts";
import { root } from "./run.ts";

interface Entry {
  readonly name?: string;
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Record<string, string>;
}

interface Lock {
  packages: Record<string, Entry>;
}

export const lockFiles: readonly string[] = [
  "package-lock.json",
  "tools/drivers/package-lock.json",
  "tools/migrate/package-lock.json",
  "tools/runtimes/package-lock.json",
  "tools/toolchains/package-lock.json",
  "test/frameworks/package-lock.json",
  ...exampleNames().map((name) => `examples/${name}/package-lock.json`),
];

export function readLock(file: string): Lock {
  return JSON.parse(readFileSync(join(root, file), "utf8")) as Lock;
}

interface Absent {
  readonly name: string;
  readonly range: string;
  /** Where the package is that wants it. */
  readonly by: string;
}

/** Whether a package that is installed at `from` finds `name`, in its own folder or in one above. */
function isFound(lock: Lock, from: string, name: string): boolean {
  if (lock.packages[join(from, "node_modules", name)]) return true;
  if (from === "") return false;
  const above = from.slice(0, Math.max(0, from.lastIndexOf("node_modules/") - 1));
  return isFound(lock, above, name);
}

/** Optional packages that the lock file names and does not have. */
export function absent(lock: Lock): readonly Absent[] {
  return Object.entries(lock.packages).flatMap(([by, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isFound(lock, by, name))
      .map(([name, range]) => ({ name, range, by })),
  );
}

const systems: Record<string, string> = { win32: "win32", windows: "win32", linuxmusl: "linux" };
const processors: Record<string, string> = { aarch64: "arm64", "64": "x64", ppc64le: "ppc64" };
const knownSystems = /^(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|windows)$/;
const knownProcessors = /^(arm|arm64|aarch64|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64|64)$/;

/** What a package's name says of where it runs: "@x/binding-linux-arm64-musl". */
function entryFor({ name, range, by }: Absent, lock: Lock): Entry {
  const [target, version] = range.startsWith("npm:") ? splitAlias(range) : [name, range];
  const words = target.split(/[/-]/);
  const os = words.filter((word) => knownSystems.test(word)).map((word) => systems[word] ?? word);
  const cpu = words.filter((word) => knownProcessors.test(word)).map((word) => processors[word] ?? word);
  const libc = os.includes("linux") && /gnu|glibc|musl/.exec(target);
  return {
    ...(target === name ? {} : { name: target }),
    version: version.replace(/^[\^~]/, ""),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(lock.packages[by]?.dev ? { dev: true } : {}),
    ...(libc ? { libc: [libc[0] === "musl" ? "musl" : "glibc"] } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}

function splitAlias(range: string): readonly [name: string, version: string] {
  const at = range.lastIndexOf("@");
  return [range.slice("npm:".length, at), range.slice(at + 1)];
}

function complete(file: string): void {
  const lock = readLock(file);
  const missing = absent(lock);
  for (const one of missing) lock.packages[`node_modules/${one.name}`] = entryFor(one, lock);
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(join(root, file), `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${file}: ${missing.length} added`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) for (const file of lockFiles) complete(file);
