/** Every name that the package exports, where it is declared, and what is said about it there. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { readManifest, sourceOf, subpaths } from "../../scripts/manifest.ts";
import { root } from "../../scripts/run.ts";

export interface Exported {
  readonly name: string;
  readonly kind: "value" | "type";
  /** Relative to the root. */
  readonly file: string;
  readonly docstring: string;
}

const DECLARED = /^export (?:declare |abstract |async )*(function|class|const|let|interface|type) ([\w$]+)/gm;
const LISTED = /^(export|import)( type)? \{([^}]*)\}(?: from "(\.[^"]*)")?;/gm;

/** The exports of every subpath that has been written, each once. */
export function publicSurface(): Exported[] {
  const entries = subpaths(readManifest()).map(([, target]) => sourceOf(target.default));
  const all = entries.filter((file) => existsSync(join(root, file))).flatMap((file) => exportsOf(file));
  return [...new Map(all.map((exported) => [`${exported.file} ${exported.name}`, exported])).values()];
}

/** The exports of one file, followed to where they are declared. */
export function exportsOf(file: string): Exported[] {
  const text = readFileSync(join(root, file), "utf8");
  const imported = new Map<string, { readonly name: string; readonly file: string }>();
  const found: Exported[] = [];
  for (const [, verb, , list = "", from] of text.matchAll(LISTED)) {
    const source = from === undefined ? undefined : relative(root, join(root, dirname(file), from));
    for (const [name, local] of namesIn(list)) {
      if (verb === "import" && source !== undefined) imported.set(local, { name, file: source });
      if (verb !== "export") continue;
      const origin = source === undefined ? imported.get(name) : { name, file: source };
      // One that is declared here under another name is found below, by that name.
      if (origin) found.push(...exportsOf(origin.file).filter((each) => each.name === origin.name));
    }
  }
  for (const match of text.matchAll(DECLARED)) {
    const [, keyword, name = ""] = match;
    if (found.some((each) => each.name === name && each.file === file)) continue;
    const kind = keyword === "interface" || keyword === "type" ? "type" : "value";
    found.push({ name, kind, file, docstring: docstringBefore(text, match.index) });
  }
  return found;
}

/** `a, type b, c as d` as pairs of the name there and the name here. */
function namesIn(list: string): (readonly [string, string])[] {
  return list
    .split(",")
    .map((each) => each.trim().replace(/^type /, ""))
    .filter(Boolean)
    .map((each) => {
      const [name = "", local = name] = each.split(/ as /);
      return [name, local] as const;
    });
}

/** The text of the docstring that ends right before; empty when there is none. */
export function docstringBefore(text: string, index: number): string {
  const before = text.slice(0, index).trimEnd();
  return before.endsWith("*/") ? before.slice(before.lastIndexOf("/**")) : "";
}
