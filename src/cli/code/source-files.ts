/**
 * Which files `sojourn migrate-code` reads.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCE = /(?<!\.d)\.[cm]?[jt]sx?$/;
/** What is made or installed, and not written. */
const SKIPPED = /^(?:node_modules|dist|build|out|coverage|\..+)$/;

/**
 * The sources below a folder, and every package.json; a file that is named itself, whatever it is called. In the order
 * of their names.
 */
export function sourceFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) return SKIPPED.test(entry.name) ? [] : sourceFiles(inside);
      return entry.isFile() && (SOURCE.test(entry.name) || entry.name === "package.json") ? [inside] : [];
    });
}
