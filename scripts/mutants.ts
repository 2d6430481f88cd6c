/** Every change of one place in a source that a test should notice. */
import { parseSync } from "vite";

export interface Mutant {
  readonly line: number;
  readonly from: string;
  readonly to: string;
  /** The whole source, with the change. */
  readonly text: string;
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

const METHODS: Readonly<Record<string, string>> = {
  max: "min",
  min: "max",
  some: "every",
  every: "some",
  ceil: "floor",
  floor: "ceil",
};

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
  return (OPERATORS[String(node.operator)] ?? []).map((to) => ({ start: at, end, to }));
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
      return [{ start, end, to: ";" }];
    case "MemberExpression": {
      const property = node.property as Node;
      const to = node.computed === true ? undefined : METHODS[String(property.name)];
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

export function mutantsOf(source: string): readonly Mutant[] {
  const edits: Edit[] = [];
  const visit = (node: Node): void => {
    if (isSkipped(node)) return;
    edits.push(...editsOf(node, source));
    for (const [key, value] of Object.entries(node)) {
      if (key === "typeAnnotation" || key === "typeParameters" || key === "returnType") continue;
      for (const child of [value].flat()) if (isNode(child)) visit(child);
    }
  };
  visit(parseSync("source.ts", source).program as unknown as Node);
  return edits
    .toSorted((one, other) => one.start - other.start)
    .map(({ start, end, to }) => ({
      line: source.slice(0, start).split("\n").length,
      from: source.slice(start, end).split("\n")[0] ?? "",
      to,
      text: source.slice(0, start) + to + source.slice(end),
    }));
}
