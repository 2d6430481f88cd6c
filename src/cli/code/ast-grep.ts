/**
 * The parser of `sojourn migrate-code`, and the part of its trees that is used.
 */
import { UsageError } from "../command.ts";

/** A node of a syntax tree, as far as it is used. */
export interface SyntaxNode {
  kind(): string;
  text(): string;
  parent(): SyntaxNode | null;
  children(): SyntaxNode[];
  field(name: string): SyntaxNode | null;
  range(): { readonly start: { readonly line: number } };
  findAll(matcher: object): SyntaxNode[];
  replace(text: string): object;
  commitEdits(edits: object[]): string;
}

/** Gives the root of a source's tree; the language is that of the file's ending. */
export type Parse = (file: string, source: string) => SyntaxNode;

/**
 * The parser, which only this command needs and which is installed by who runs it.
 *
 * @throws UsageError when it is not there.
 */
export async function loadParser(): Promise<Parse> {
  const { parse, Lang } = await import("@ast-grep/napi").catch(() => {
    throw new UsageError("code is read by @ast-grep/napi, which is not here: npm install --no-save @ast-grep/napi");
  });
  const languageOf = (file: string) => {
    if (file.endsWith(".tsx")) return Lang.Tsx;
    return /\.[cm]?ts$/.test(file) ? Lang.TypeScript : Lang.JavaScript;
  };
  // Its own types list the kinds of each grammar; what is used is in each of them.
  return (file, source) => parse(languageOf(file), source).root() as unknown as SyntaxNode;
}
