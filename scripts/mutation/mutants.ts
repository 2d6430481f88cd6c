/** Every change of one place in a source that a test should notice. */
import { parseSync } from "vite";

export interface Mutant {
  readonly line: number;
  readonly from: string;
  readonly to: string;
  /** The line without its indentation: what the list of survivors knows a mutant by, as line numbers move. */
  readonly code: string;
  /** The place that is chosen between at run time: a whole expression or statement around the change. */
  readonly place: Place;
  /** What stands in the place when the mutant is active. */
  readonly text: string;
}

export interface Place {
  readonly start: number;
  readonly end: number;
  readonly kind: "expression" | "statement";
}

/** A node of ESTree, with the offsets of its text. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly to: string;
  /** What stands in the place, where it is not the old text with `to` for what is between start and end. */
  readonly text?: string;
}

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "&": ["|"],
  "|": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
};

const METHODS: ReadonlyMap<string, string> = new Map([
  ["max", "min"],
  ["min", "max"],
  ["some", "every"],
  ["every", "some"],
  ["ceil", "floor"],
  ["floor", "ceil"],
]);

/** A message is for people: no test should pin its words. */
const SHORT_TEXT = 20;

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

function operatorEdits(node: Node, source: string): readonly Edit[] {
  const [left, right] = [node.left as Node, node.right as Node];
  const between = source.slice(left.end, right.start);
  const at = left.end + between.indexOf(String(node.operator));
  const end = at + String(node.operator).length;
  // In parentheses, because another operator binds otherwise.
  const operand = ({ start, end: last }: Node): string => `(${source.slice(start, last)})`;
  return (OPERATORS[String(node.operator)] ?? []).map((to) => ({
    start: at,
    end,
    to,
    text: `${operand(left)} ${to} ${operand(right)}`,
  }));
}

function literalEdits(node: Node): readonly Edit[] {
  const { start, end, value } = node;
  if (typeof value === "boolean") return [{ start, end, to: String(!value) }];
  if (typeof value === "number") return [{ start, end, to: String(value + 1) }];
  if (typeof value !== "string" || value === "" || value.length > SHORT_TEXT || value.includes(" ")) return [];
  return [{ start, end, to: '""' }];
}

/** The condition held, and not held. */
function conditionEdits({ start, end }: Node): readonly Edit[] {
  return ["true", "false"].map((to) => ({ start, end, to }));
}

function editsOf(node: Node, source: string): readonly Edit[] {
  const { start, end } = node;
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
      return operatorEdits(node, source);
    case "Literal":
      return literalEdits(node);
    case "UnaryExpression":
      return node.operator === "!" ? [{ start, end: start + 1, to: "" }] : [];
    case "IfStatement":
    case "ConditionalExpression":
      return conditionEdits(node.test as Node);
    case "ExpressionStatement":
      return typeof node.directive === "string" ? [] : [{ start, end, to: ";" }];
    case "MemberExpression": {
      const property = node.property as Node;
      const to = node.computed === true ? undefined : METHODS.get(String(property.name));
      return to === undefined ? [] : [{ start: property.start, end: property.end, to }];
    }
    default:
      return [];
  }
}

/** Types make no difference when it runs, and imports are no behaviour. */
function isSkipped({ type, ...node }: Node): boolean {
  if (/^(?:ImportDeclaration|ExportAllDeclaration|TSEnum)/.test(type)) return true;
  if (type === "ExportNamedDeclaration") return node.declaration === null;
  return type.startsWith("TS") && !/^TS(?:As|NonNull|Satisfies)/.test(type);
}

/** The parts of a node that run. A name of a property that is written as a literal is no expression. */
function childrenOf(node: Node): readonly (readonly [name: string, child: Node])[] {
  const names = Object.keys(node).filter(
    (name) =>
      !["typeAnnotation", "typeParameters", "returnType", "typeArguments"].includes(name) &&
      !(name === "key" && node.computed !== true),
  );
  return names.flatMap((name) =>
    [node[name]].flat().flatMap((child) => (isNode(child) ? [[name, child] as const] : [])),
  );
}

/**
 * What is chosen between for a change in this node. A method is taken with its call, or it would lose its `this`; a
 * link of `a?.b.c()` with the whole chain, or the rest of it would no longer be skipped.
 */
function placeOf(node: Node, link: Place | undefined): Place {
  if (node.type === "ExpressionStatement") return { start: node.start, end: node.end, kind: "statement" };
  if (node.type === "MemberExpression" && link) return link;
  if (node.type === "IfStatement" || node.type === "ConditionalExpression")
    return placeOf(node.test as Node, undefined);
  return { start: node.start, end: node.end, kind: "expression" };
}

export function mutantsOf(source: string): readonly Mutant[] {
  const edits: (Edit & { readonly place: Place })[] = [];
  const visit = (node: Node, link?: Place, inChain = false): void => {
    if (isSkipped(node)) return;
    edits.push(...editsOf(node, source).map((edit) => ({ ...edit, place: placeOf(node, link) })));
    const starts = node.type === "ChainExpression" || (node.type === "CallExpression" && !inChain);
    const own: Place | undefined = starts ? { start: node.start, end: node.end, kind: "expression" } : link;
    for (const [name, child] of childrenOf(node)) {
      const continues = name === "expression" || name === "callee" || name === "object";
      visit(child, continues ? own : undefined, continues && (inChain || node.type === "ChainExpression"));
    }
  };
  visit(parseSync("source.ts", source).program as unknown as Node);
  const lines = source.split("\n");
  return edits
    .toSorted((one, other) => one.start - other.start)
    .map(({ start, end, to, place, text }) => {
      const line = source.slice(0, start).split("\n").length;
      return {
        line,
        from: source.slice(start, end).split("\n")[0] ?? "",
        to,
        code: (lines[line - 1] ?? "").trim(),
        place,
        text: text ?? source.slice(place.start, start) + to + source.slice(end, place.end),
      };
    });
}
