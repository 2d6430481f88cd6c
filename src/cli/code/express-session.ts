/**
 * What is changed in a source that imports express-session, and what somebody has to look at in it.
 */
import type { Parse, SyntaxNode } from "./ast-grep.ts";

/** One place in a file, and what there is to know of it. */
export interface Remark {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** What became of one file. */
export interface Rewritten {
  readonly source: string;
  /** What was changed, and is safe. */
  readonly changed: readonly Remark[];
  /** What somebody has to look at. */
  readonly left: readonly Remark[];
}

const FROM = "express-session";
const TO = "sojourn/express-session";

/** Stores that import express-session by its name, whoever uses them. */
const BY_NAME = [
  "connect-redis",
  "connect-mongo",
  "connect-typeorm",
  "connect-dynamodb",
  "@quixo3/prisma-session-store",
];

const LEFT = {
  namespace:
    "a namespace is no function where modules are ES modules: import the default, `import session from`, and run " +
    "this again",
  incomplete: "this file could not be read whole, and is left as it is",
  chained: "without a callback this gives a promise now, and no session: await it, or give it a callback",
  byName:
    "this store imports express-session by its name: keep that installed, or `npm install " +
    "express-session@npm:@sojourn/express-session`",
  mentioned: "this names express-session in another way: look whether it means the module that has changed",
  installed:
    "install sojourn beside it; keep @types/express-session; express-session itself can go when nothing below " +
    "imports it by its name",
} as const;

/** The line that imports express-session, changed; and all that a change of one line does not do. */
export function rewriteExpressSession(file: string, source: string, parse: Parse): Rewritten {
  if (file.endsWith("package.json")) return { source, changed: [], left: inManifest(source) };
  const root = parse(file, source);
  if (root.findAll({ rule: { kind: "ERROR" } }).length > 0) {
    return { source, changed: [], left: source.includes(FROM) ? [{ line: 1, text: LEFT.incomplete }] : [] };
  }
  const edits: object[] = [];
  const changed: Remark[] = [];
  const left: Remark[] = [];
  for (const name of root.findAll({ rule: { kind: "string" } })) {
    const verdict = verdictOn(name);
    if (verdict === "change") {
      const quote = name.text().charAt(0);
      edits.push(name.replace(quote + TO + quote));
      changed.push({ line: lineOf(name), text: `${name.text()} is ${quote}${TO}${quote} now` });
    } else if (verdict) left.push({ line: lineOf(name), text: verdict });
  }
  for (const call of verbsInUse(root)) left.push({ line: lineOf(call), text: LEFT.chained });
  return { source: edits.length > 0 ? root.commitEdits(edits) : source, changed, left: sorted(left) };
}

/** What a string means where it stands; undefined when it has nothing to do with it. */
function verdictOn(name: SyntaxNode): "change" | string | undefined {
  const value = name.text().slice(1, -1);
  const by = name.parent();
  const isImport = by?.kind() === "import_statement" || by?.kind() === "export_statement" || isRequire(by);
  if (BY_NAME.includes(value)) return isImport ? LEFT.byName : undefined;
  if (value !== FROM) return undefined;
  // `declare module` and `import type` are of @types/express-session, which stays.
  if (by?.kind() === "module" || (by && /^(?:import|export)\s+type\b/.test(by.text()))) return undefined;
  if (!isImport) return LEFT.mentioned;
  const isNamespace = by?.kind() === "import_statement" && /^import\s*\*/.test(by.text());
  return isNamespace ? LEFT.namespace : "change";
}

/** `require("…")`, `import("…")`, and `import x = require("…")`. */
function isRequire(by: SyntaxNode | null | undefined): boolean {
  if (by?.kind() === "import_require_clause") return true;
  const callee = by?.kind() === "arguments" ? by.parent()?.field("function")?.text() : undefined;
  return callee === "require" || callee === "import";
}

/** Verbs of a session without a callback whose outcome is used as the session that it was. */
function verbsInUse(root: SyntaxNode): SyntaxNode[] {
  return root.findAll({ rule: { kind: "call_expression" } }).filter((call) => {
    const callee = call.field("function")?.text() ?? "";
    const given = call.field("arguments")?.children() ?? [];
    if (!/\bsession\??\.(?:save|reload|regenerate|destroy)$/.test(callee) || given.length > 2) return false;
    return ["member_expression", "variable_declarator", "assignment_expression"].includes(
      String(call.parent()?.kind()),
    );
  });
}

function inManifest(source: string): Remark[] {
  return source
    .split("\n")
    .flatMap((text, at) => (/^\s*"express-session"\s*:/.test(text) ? [{ line: at + 1, text: LEFT.installed }] : []));
}

function lineOf(node: SyntaxNode): number {
  return node.range().start.line + 1;
}

function sorted(remarks: readonly Remark[]): Remark[] {
  return remarks.toSorted((one, other) => one.line - other.line);
}
