/**
 * The reads, replacements and removals of files, whatever they hold, and the waiting for the device where it was asked
 * for.
 */
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SessionError } from "../../errors.ts";
import { ageOf, isGone, readOwner, uniqueName } from "./owner.ts";

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

/** Files that are replaced as a whole or not at all. */
export class Disk {
  readonly #temporary: string;
  readonly #durable: boolean;

  /** @param durable Whether to wait until the device has it, so that a power cut cannot take it back. */
  constructor(temporary: string, durable: boolean) {
    this.#temporary = temporary;
    this.#durable = durable;
  }

  /** Makes the folders, and sees to it that nobody else can put files into them. */
  async prepare(directory: string, folders: readonly string[]): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const mode = (await stat(directory)).mode & 0o777;
    if (process.platform !== "win32" && (mode & 0o022) !== 0) {
      throw new SessionError(
        "SOJOURN_INVALID_OPTION",
        `Option "directory": expected a folder that only its owner can write to, found mode ${mode.toString(8)}. Run ` +
          "chmod 700 on it.",
      );
    }
    for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o700 });
  }

  /** The text, or null when there is no such file. Synchronous: out of the page cache it takes microseconds. */
  read(path: string): string | null {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
  }

  /** Replaces a file, so that whoever reads it sees the old text or the new one, and never a part. */
  async write(path: string, text: string): Promise<void> {
    const temporary = join(this.#temporary, uniqueName());
    try {
      await this.#writeNew(temporary, text);
      await this.#inFolder(dirname(path), () => rename(temporary, path));
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    }
    await this.syncFolder(dirname(path));
  }

  /** Makes an empty file; leaves one that is there. */
  async mark(path: string): Promise<void> {
    await this.#inFolder(dirname(path), async () => writeFileSync(path, "", { flag: "a", mode: 0o600 }));
    await this.syncFolder(dirname(path));
  }

  /** Whether there was such a file. */
  async remove(path: string): Promise<boolean> {
    try {
      unlinkSync(path);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
    await this.syncFolder(dirname(path));
    return true;
  }

  /** The names in a folder, sorted; none when there is no such folder. */
  async names(folder: string): Promise<string[]> {
    try {
      return (await readdir(folder)).sort();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  }

  /** Waits until a folder's entries are on the device, where that was asked for. */
  async syncFolder(folder: string): Promise<void> {
    // Windows has no such call, and its renames are journalled.
    if (!this.#durable || process.platform === "win32") return;
    let handle: Awaited<ReturnType<typeof open>>;
    try {
      handle = await open(folder, "r");
    } catch (error) {
      // An emptied folder that somebody else removed is in a folder that they synchronise.
      if (codeOf(error) === "ENOENT") return;
      throw error;
    }
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Removes what writers that are gone did not finish. */
  removeAbandoned(): void {
    for (const name of readdirSync(this.#temporary)) {
      const owner = readOwner(name);
      const path = join(this.#temporary, name);
      if (owner === null || !isGone(owner, () => ageOf(path))) continue;
      try {
        unlinkSync(path);
      } catch {
        // Somebody else was faster.
      }
    }
  }

  async #writeNew(path: string, text: string): Promise<void> {
    await this.#inFolder(dirname(path), async () => {
      // "wx" follows no link that somebody else may have put there.
      const [flag, mode] = ["wx", 0o600] as const;
      // Into the page cache it takes microseconds, less than a trip to another thread; to the device milliseconds.
      if (!this.#durable) return writeFileSync(path, text, { flag, mode });
      const handle = await open(path, flag, mode);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  /** Does it, and makes the folder first when it is not there; another process may remove an empty one meanwhile. */
  async #inFolder(folder: string, act: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (codeOf(error) !== "ENOENT" || attempt === 20) throw error;
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await this.syncFolder(dirname(folder));
        await this.syncFolder(dirname(dirname(folder)));
      }
    }
  }
}
