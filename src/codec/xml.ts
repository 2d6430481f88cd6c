/**
 * The XML codec, over the `fast-xml-parser` package (an optional peer: `npm i fast-xml-parser`).
 */
import { XMLParser } from "fast-xml-parser";
import { SessionError } from "../errors.ts";
import type { TextCodec } from "./codec.ts";
import { type Format, MAX_DEPTH, refuseFaults } from "./fault.ts";

/** Characters; far above any session, and the bound of the time that hostile text can cost. */
const MAX_LENGTH = 1_048_576;

const FORMAT: Format = {
  name: "XML",
  undefined: false,
  nonFinite: false,
  bigint: 0,
  holes: false,
  cycles: false,
  // XML 1.0, section 2.2: even escaped, these characters have no place in a document.
  text: (text) =>
    /(?![\t\n\r\x7f-\x9f])\p{Cc}|\p{Surrogate}|[\ufffe\uffff]/u.test(text)
      ? "a character that XML cannot hold"
      : undefined,
};

/** Entities and document types are off; the texts are taken as they stand and undone here. */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  htmlEntities: false,
  maxNestedTags: MAX_DEPTH + 2,
});

/**
 * Session data as XML, for those who must read their store with XML tools. The element `data` holds
 * `entry` elements (members of an object, with their `name`) and `item` elements (of an array); each has its `type`.
 * Keeps what JSON keeps, types included, and `-0`. About four times the size of JSON, and slow to read: take it for the
 * tools, not for speed.
 *
 * Refused, with the path: all that the JSON codec refuses, and text that XML 1.0 has no way to write (control
 * characters other than tab, line feed and carriage return; half a surrogate pair). An object without a prototype
 * comes back as an object literal. `undefined` members are left out.
 *
 * `decode` takes nothing but what `encode` writes: no document type, entity, comment, CDATA, processing instruction
 * or foreign element, and at most 1,048,576 characters.
 *
 * @throws SessionError `SOJOURN_DATA_NOT_SERIALISABLE` from `encode`, naming the path.
 * @throws SessionError `SOJOURN_INVALID_DATA` from `decode`, for text that `encode` did not make.
 *
 * @example
 * ```ts
 * import { xmlCodec } from "sojourn/codecs/xml";
 * xmlCodec.encode({ count: 2 }); // → '<data type="object"><entry name="count" type="number">2</entry></data>'
 * ```
 */
export const xmlCodec: TextCodec = {
  name: "xml",
  format: "text",

  encode(data) {
    refuseFaults(data, FORMAT);
    return element("data", "", data);
  },

  decode(encoded) {
    // One spelling: what is written back differently was not ours. This catches all that a lenient parser lets pass.
    if (encoded.length <= MAX_LENGTH && !/<[!?]/.test(encoded)) {
      const data = read(encoded);
      if (data !== undefined && element("data", "", data) === encoded) return data;
    }
    throw new SessionError(
      "SOJOURN_INVALID_DATA",
      "Session data: expected XML that this codec wrote, found something else.",
    );
  },
};

function element(tag: string, name: string, value: unknown): string {
  const type = typeOf(value);
  return `<${tag}${name} type="${type}">${content(type, value)}</${tag}>`;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function content(type: string, value: unknown): string {
  if (type === "null") return "";
  if (type === "array") return (value as unknown[]).map((item) => element("item", "", item)).join("");
  if (type === "object")
    return Object.entries(value as object)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => element("entry", ` name="${quoted(key)}"`, member))
      .join("");
  return type === "string" ? quoted(value as string) : Object.is(value, -0) ? "-0" : String(value);
}

/** White space other than the blank is written by number, or parsers would normalise it (XML 1.0, 2.11 and 3.3.3). */
function quoted(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function plain(text: string): string {
  return text.replace(/&#(\d{1,3});/g, (_, code: string) => String.fromCharCode(Number(code)));
}

/** What the parser makes of an element: its children under its tag, its attributes under ":@". */
type Node = Readonly<Record<string, unknown>>;

interface Attributes {
  readonly type: string;
  readonly name: string;
}

function read(text: string): unknown {
  try {
    const nodes: unknown = parser.parse(text);
    return Array.isArray(nodes) && nodes.length === 1 ? value(nodes[0] as Node, "data") : undefined;
  } catch {
    return undefined;
  }
}

/** Throws on the unexpected; `read` catches. */
function value(node: Node, tag: string): unknown {
  const children = node[tag] as readonly Node[];
  const type = (node[":@"] as Attributes).type;
  const text = (): string => plain(children.map((child) => child["#text"] as string).join(""));
  switch (type) {
    case "object":
      return object(children);
    case "array":
      return children.map((child) => value(child, "item"));
    case "string":
      return text();
    case "number":
      return number(text());
    case "boolean":
      return text() === "true";
    default:
      return null;
  }
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new RangeError("a number that the codec does not write");
  return value;
}

function object(children: readonly Node[]): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const child of children) {
    const key = plain((child[":@"] as Attributes).name);
    if (key === "__proto__") throw new TypeError("a key that replaces prototypes");
    members[key] = value(child, "entry");
  }
  return members;
}
