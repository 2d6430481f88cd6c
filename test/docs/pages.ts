/** The documentation and the sources, as text. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../../scripts/run.ts";

export interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

/** README and its neighbours, and everything in docs/. */
export function markdownPages(): Page[] {
  const beside = readdirSync(root).filter((name) => name.endsWith(".md"));
  return [...beside.map(read), ...under("docs", ".md")];
}

export function sourceFiles(): Page[] {
  return under("src", ".ts");
}

function under(folder: string, ending: string): Page[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => read(relative(root, join(entry.parentPath ?? entry.path, entry.name))))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function read(path: string): Page {
  return { path, text: readFileSync(join(root, path), "utf8") };
}
