/**
 * Makes a module of an example, with every line where it is in its page, so that what a compiler or a stack says of
 * the module is true of the page.
 *
 * A block is the body of an asynchronous function, behind its own imports; what the page need not declare (`session`,
 * `store`…) is global, see scene.ts. A block with a name or with an `export` or a `declare` is a module as it stands.
 *
 * Two comments at the end of a statement are checked when it runs:
 *
 *     expression; // → value            deeply equal; after `const x = …;` it is about x
 *     expression; // throws SOJOURN_X   throws, or rejects with, this code; what is in quotes behind it is in the message
 */
import type { Example } from "./extract.ts";

/** A name that a docstring may use although it does not import it. */
export interface Ambient {
  readonly name: string;
  readonly kind: "value" | "type";
  /** The module to import it from. */
  readonly from: string;
}

export function moduleOf(example: Example, ambient: readonly Ambient[] = []): string {
  const lines = example.code.map((text, index) => withCheck(text, `${example.page}:${example.line + 1 + index}`));
  const head = missingImports(lines, ambient);
  const before = Array.from({ length: example.line - 1 }, () => "");
  if (example.name !== undefined || lines.some((line) => /^(?:export|declare)\b/.test(line)))
    return [...before, head, ...lines, ""].join("\n");
  const last = endOfImports(lines);
  if (last === -1) return [...before, `${head} export default async () => {`, ...lines, "};"].join("\n");
  lines[last] += " export default async () => {";
  return [...before, head, ...lines, "};"].join("\n");
}

/** The last line of the imports at the beginning; -1 when there are none. */
function endOfImports(lines: readonly string[]): number {
  let last = -1;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    if (/^(?:\s*|\/\/.*)$/.test(line)) continue;
    if (!/^import\b/.test(line)) break;
    while (!/;\s*(?:\/\/.*)?$/.test(lines[index] ?? ";")) index++;
    last = index;
  }
  return last;
}

function missingImports(lines: readonly string[], ambient: readonly Ambient[]): string {
  const code = lines.join("\n");
  const own = lines.filter((line) => /^import\b/.test(line)).join("\n");
  return ambient
    .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`\\b${name}\\b`).test(own))
    .map(({ name, kind, from }) => `import ${kind === "type" ? "type " : ""}{ ${name} } from ${JSON.stringify(from)};`)
    .join(" ");
}

const COMMENT = /^(\s*)(.+;) \/\/ (→|throws) ?(.*)$/;
const DECLARATION = /^(?:const|let) (\w+)(?:: [^=]+)? = .+;$/;
/** A statement that ends here and began elsewhere cannot be wrapped. */
const WHOLE = /^(?!(?:return|if|for|while|import|export|type|interface)\b)[\w"'`([{!-].*;$/;

function withCheck(text: string, place: string): string {
  const [, indent = "", statement = "", kind, expected = ""] = COMMENT.exec(text) ?? [];
  if (kind === undefined) {
    if (/\/\/ *(?:→|throws\b)/.test(text)) throw new Error(`${place}: expected one statement before what it gives`);
    return text;
  }
  const expression = statement.slice(0, -1);
  const declared = DECLARATION.exec(statement)?.[1];
  if (kind === "throws") {
    if (!/^SOJOURN_[A-Z_]+/.test(expected)) throw new Error(`${place}: expected the code of an error after "throws"`);
    return `${indent}await $throws(async () => ${expression}, ${JSON.stringify(expected)}, "${place}");`;
  }
  if (declared !== undefined)
    return `${text.slice(0, text.indexOf(" // →"))} $same(${declared}, (${expected}), "${place}");`;
  if (!WHOLE.test(statement) || /^\s*(?:const|let)\b/.test(statement))
    throw new Error(`${place}: expected one expression, or "const x = …;", before what it gives`);
  return `${indent}$same(${expression}, (${expected}), "${place}");`;
}
