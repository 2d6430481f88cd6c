/** The examples of the documentation: the `ts` blocks of Markdown pages, and those in docstrings. */

export interface Example {
  /** Relative to the root: "docs/guide.md", "src/session.ts". */
  readonly page: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  readonly code: readonly string[];
  /** From a first line such as `// map-store.ts`: later blocks of the page can import it. */
  readonly name: string | undefined;
  /** False for a block that opens with "ts no-run": its types are checked, and that is all. */
  readonly run: boolean;
}

const FENCE = /^\s*```(.*)$/;
const NAME = /^\/\/ ([\w.-]+\.ts)$/;

/** The blocks of a Markdown page. */
export function examplesOfMarkdown(page: string, text: string): Example[] {
  return blocks(page, text.split("\n"));
}

/** The blocks in the docstrings of a source file; everything else counts as blank. */
export function examplesOfSource(page: string, text: string): Example[] {
  let inside = false;
  const lines = text.split("\n").map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true;
    const kept = inside ? line.replace(/^\s*(?:\/\*\*|\*\/|\*) ?/, "") : "";
    if (line.includes("*/")) inside = false;
    return kept;
  });
  return blocks(page, lines);
}

function blocks(page: string, lines: readonly string[]): Example[] {
  const examples: Example[] = [];
  let open: { readonly line: number; readonly info: string } | undefined;
  for (const [index, text] of lines.entries()) {
    const info = FENCE.exec(text)?.[1]?.trim();
    if (info === undefined) continue;
    if (!open) open = { line: index + 1, info };
    else if (info === "") {
      const [language, ...words] = open.info.split(/\s+/);
      if (language === "ts") {
        const unknown = words.find((word) => word !== "no-run");
        if (unknown !== undefined)
          throw new Error(`${page}:${open.line}: expected "ts" or "ts no-run", found ${unknown}`);
        const code = lines.slice(open.line, index);
        examples.push({ page, line: open.line, code, name: NAME.exec(code[0] ?? "")?.[1], run: words.length === 0 });
      }
      open = undefined;
    }
  }
  if (open) throw new Error(`${page}:${open.line}: the block has no end`);
  return examples;
}
