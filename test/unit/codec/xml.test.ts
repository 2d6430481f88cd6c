import { describe, expect, test } from "vitest";
import { xmlCodec } from "../../../src/codec/xml.ts";
import { cpuTime } from "../../support/cpu-time.ts";

const refused = expect.objectContaining({ code: "SOJOURN_INVALID_DATA" });

describe("xmlCodec", () => {
  test("writes an element for each value, with its type", () => {
    expect(xmlCodec.encode({ cart: [2, "2", true, null], "a <b>": {} })).toBe(
      '<data type="object"><entry name="cart" type="array"><item type="number">2</item><item type="string">2</item>' +
        '<item type="boolean">true</item><item type="null"></item></entry>' +
        '<entry name="a &#60;b&#62;" type="object"></entry></data>',
    );
  });

  test("keeps types, texts that look like mark-up, and white space", () => {
    const data = {
      numbers: [0, -0, 1e21, 5e-324, -1.5, Number.MAX_SAFE_INTEGER],
      texts: [
        "",
        " ",
        "  a  ",
        "\r\n\t",
        "007",
        "true",
        "null",
        "<a>&amp;</a>",
        "]]>",
        "<!-- x -->",
        "&#38;",
        "\"'",
        "✓🎉",
      ],
      empty: [[], {}, ""],
      "": { type: "x", "@_type": 1, "#text": 2, ":@": 3, constructor: 4, "\n": 5 },
    };
    expect(xmlCodec.decode(xmlCodec.encode(data))).toStrictEqual(data);
  });

  test.each([
    ["a Date", { a: { when: new Date() } }, '"a.when"', "a Date"],
    ["a control character", { a: "\u0000" }, '"a"', "a character that XML cannot hold"],
    ["a control character in a key", { a: { "\u0007": 1 } }, '"a["\\u0007"]"', "a key with a character"],
    ["half a surrogate pair", { a: "\ud800" }, '"a"', "a character that XML cannot hold"],
    ["undefined in an array", { a: [undefined] }, '"a[0]"', "undefined"],
    ["__proto__", JSON.parse('{"__proto__":1}'), '"__proto__"', "a key that replaces prototypes"],
  ])("encode() refuses %s and says where it is", (_name, data, path, found) => {
    expect(() => xmlCodec.encode(data)).toThrowError(
      expect.objectContaining({
        code: "SOJOURN_DATA_NOT_SERIALISABLE",
        message: expect.stringContaining(`at ${path}`),
      }),
    );
    expect(() => xmlCodec.encode(data)).toThrow(found);
  });

  const lol = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("");
  test.each([
    ["nothing", ""],
    ["an external entity", '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><data type="string">&x;</data>'],
    ["entities that grow", `<!DOCTYPE d [<!ENTITY l0 "l">${lol}]><data type="string">&l9;</data>`],
    ["a named entity", '<data type="string">&amp;</data>'],
    ["a processing instruction", '<?xml version="1.0"?><data type="null"></data>'],
    ["a comment", '<data type="string">a<!-- b --></data>'],
    ["CDATA", '<data type="string"><![CDATA[a]]></data>'],
    ["another root", '<dato type="null"></dato>'],
    ["two roots", '<data type="null"></data><data type="null"></data>'],
    ["another type", '<data type="function">x</data>'],
    ["no type", "<data>x</data>"],
    ["a third attribute", '<data type="string" x="1">a</data>'],
    ["text in an array", '<data type="array">x</data>'],
    ["a member without a name", '<data type="object"><entry type="null"></entry></data>'],
    [
      "a name twice",
      '<data type="object"><entry name="a" type="null"></entry><entry name="a" type="null"></entry></data>',
    ],
    ["__proto__", '<data type="object"><entry name="__proto__" type="object"></entry></data>'],
    ["a number that is none", '<data type="number">NaN</data>'],
    ["a number in another spelling", '<data type="number">1e0</data>'],
    ["an end tag of another name", '<data type="string">a</date>'],
    ["deep nesting", '<item type="array">'.repeat(50_000)],
    ["more than a mebibyte", `<data type="string">${"x".repeat(1_048_576)}</data>`],
  ])("decode() refuses %s", (_name, encoded) => {
    expect(() => xmlCodec.decode(encoded)).toThrowError(refused);
  });

  test.each(["<a", '<a b="', "<a>", "</a>", "<", "<data ", '<data type="string"', "a=", "&", "<data/>"])(
    "decode() of a mebibyte of %j costs no more than a second",
    (part) => {
      const encoded = part.repeat(Math.floor(1_048_576 / part.length));
      const started = cpuTime();
      expect(() => xmlCodec.decode(encoded)).toThrowError(refused);
      expect(cpuTime() - started).toBeLessThan(15_000);
    },
  );
});
