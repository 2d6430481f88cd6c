/**
 * A secret for a developer's machine, made on the first start and kept in `.sojourn/secret`, so that
 * sessions outlive a restart without anybody setting up anything. Never for production: see `resolveSecrets`.
 */
import { platform } from "#crypto";
import { SessionError } from "../errors.ts";
import { encode } from "./base64url.ts";

/** The parts of node:fs and of `process` that are used: this module loads where they are missing too. */
interface FileSystem {
  mkdirSync(path: string, options: { recursive: true; mode: number }): unknown;
  readFileSync(path: string, encoding: "utf8"): string;
  writeFileSync(path: string, data: string, options: { flag: "wx"; mode: number }): void;
  linkSync(existing: string, path: string): void;
  unlinkSync(path: string): void;
}

interface Process {
  getBuiltinModule?(name: "node:fs"): FileSystem | undefined;
  emitWarning?(message: string, options: { type: string; code: string }): void;
}

/**
 * The development secret, from `<folder>/secret`; made and written there (readable by the owner only,
 * with a `.gitignore` that covers it) when it is not there yet. Processes that start together agree.
 *
 * @param folder Default: `.sojourn` in the current folder.
 * @throws SessionError SOJOURN_INVALID_OPTION where there is no file system or it cannot be written.
 */
export function developmentSecret(folder = ".sojourn"): string {
  const process = (globalThis as { process?: Process }).process;
  const fs = process?.getBuiltinModule?.("node:fs");
  if (fs === undefined) throw noSecret("there is no file system here to keep one for development in");
  try {
    const kept = read(fs, folder);
    if (kept !== undefined) return kept;
    const secret = create(fs, folder);
    process?.emitWarning?.(
      `No secret was given and NODE_ENV is not production: made one for development and kept it in ${folder}/secret. ` +
        "Each container and each machine makes its own, and none knows the sessions of another. " +
        "Where it is not for development set NODE_ENV=production and SOJOURN_SECRET; make it with: npx sojourn secret",
      { type: "SojournWarning", code: "SOJOURN_DEVELOPMENT_SECRET" },
    );
    return secret;
  } catch (error) {
    throw noSecret(
      `one for development could not be kept in ${folder}/secret (${codeOf(error) ?? "unknown error"})`,
      error,
    );
  }
}

function read(fs: FileSystem, folder: string): string | undefined {
  try {
    return fs.readFileSync(`${folder}/secret`, "utf8").trim();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Written under a name of its own first and linked into place: the link is there with all its bytes or
 * not at all, and of two processes one gets EEXIST. Both then read what is there.
 */
function create(fs: FileSystem, folder: string): string {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  unlessThere(() => fs.writeFileSync(`${folder}/.gitignore`, "*\n", { flag: "wx", mode: 0o600 }));
  const draft = `${folder}/secret.${encode(platform.randomBytes(9))}`;
  fs.writeFileSync(draft, `${encode(platform.randomBytes(32))}\n`, { flag: "wx", mode: 0o600 });
  try {
    unlessThere(() => fs.linkSync(draft, `${folder}/secret`));
  } finally {
    fs.unlinkSync(draft);
  }
  return fs.readFileSync(`${folder}/secret`, "utf8").trim();
}

function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

function noSecret(why: string, cause?: unknown): SessionError {
  return new SessionError(
    "SOJOURN_INVALID_OPTION",
    'Option "secrets": expected a secret, in the option or in the environment variable SOJOURN_SECRET, found none, ' +
      `and ${why}. Make one with: npx sojourn secret`,
    cause,
  );
}
