/**
 * Valkey for tests. Where the system has a package that is not too old, that; on an older Debian the one of trixie, unpacked into a
 * cache with its own C library beside it. Neither the system nor its package sources are changed.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.ts";

const RELEASE = "trixie";

/** The server, and what it is linked with. */
const packages = [
  ..."valkey-server valkey-tools libc6 libatomic1 libcap2 libgcc-s1 libjemalloc2 liblz4-1 liblzf1".split(" "),
  ..."liblzma5 libssl3t64 libstdc++6 libsystemd0 libzstd1 zlib1g".split(" "),
];

const cache: string = join(root, "node_modules/.cache/valkey");

/** How a program is started. */
export interface Program {
  readonly command: string;
  /** Before its own arguments. */
  readonly args: readonly string[];
}

/** The first file with this name under the folder's libraries. */
function library(pattern: RegExp): string | undefined {
  const libraries = join(cache, "usr/lib");
  if (!existsSync(libraries)) return undefined;
  for (const triplet of readdirSync(libraries)) {
    if (!triplet.includes("-linux-")) continue;
    const found = readdirSync(join(libraries, triplet)).find((name) => pattern.test(name));
    if (found !== undefined) return join(libraries, triplet, found);
  }
  return undefined;
}

/** How Valkey is started here: VALKEY_SERVER, the system's own, or the unpacked one. */
export function valkeyProgram(): Program | undefined {
  const own = [process.env.VALKEY_SERVER, "/usr/bin/valkey-server", "/usr/local/bin/valkey-server"];
  const command = own.find((path) => path !== undefined && existsSync(path));
  if (command !== undefined) return { command, args: [] };
  const loader = library(/^ld-linux.*\.so\.\d$/);
  const server = join(cache, "usr/bin/valkey-server");
  if (loader === undefined || !existsSync(server)) return undefined;
  return { command: loader, args: ["--library-path", join(loader, ".."), server] };
}

/** Fetches and unpacks it; undefined when it was done, else why it could not be. */
export async function fetchValkey(): Promise<string | undefined> {
  const work = `${cache}.${process.pid}`;
  try {
    for (const folder of ["lists/partial", "cache/archives/partial", "files"]) {
      mkdirSync(join(work, folder), { recursive: true });
    }
    return await fetchInto(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function fetchInto(work: string): Promise<string | undefined> {
  const files = join(work, "files");
  const step = async (command: string, ...args: readonly string[]): Promise<string> => {
    const ran = await run(command, args, { seconds: 120, cwd: files, quiet: true });
    if (!ran.ok) throw new Error(`${command}: ${ran.reason}: ${ran.output.trim().split("\n").at(-1)}`);
    return ran.output;
  };
  try {
    // The mirror that the system uses already.
    const mirrors = (await step("apt-get", "indextargets", "--format", "$(REPO_URI)")).split("\n");
    const mirror = mirrors.find((uri) => /\/debian\/?$/.test(uri));
    if (mirror === undefined) return "no Debian mirror in the package sources: install valkey-server by hand";
    const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    writeFileSync(join(work, "sources.list"), `deb [signed-by=${keys}] ${mirror} ${RELEASE} main\n`);
    const settings = {
      "Dir::Etc::sourcelist": join(work, "sources.list"),
      "Dir::Etc::sourceparts": "/dev/null",
      "Dir::State::lists": join(work, "lists"),
      "Dir::Cache": join(work, "cache"),
      "APT::Sandbox::User": "root",
      "Acquire::Retries": "2",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    await step("apt-get", ...options, "update");
    await step("apt-get", ...options, "download", ...packages.map((name) => `${name}/${RELEASE}`));
    const unpacked = join(work, "unpacked");
    for (const file of readdirSync(files)) await step("dpkg-deb", "-x", file, unpacked);
    rmSync(cache, { recursive: true, force: true });
    renameSync(unpacked, cache);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
