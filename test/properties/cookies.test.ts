import { CookieJar } from "tough-cookie";
import { describe, expect, test } from "vitest";
import { isSessionError } from "../../src/errors.ts";
import { cookieTransport } from "../../src/transport/cookie.ts";
import { readCookie } from "../../src/transport/cookie-header.ts";
import type { CookieOptions } from "../../src/transport/cookie-options.ts";
import { type CookieAttributes, setCookieWriter } from "../../src/transport/set-cookie.ts";
import type { RequestSource } from "../../src/transport/transport.ts";
import { fc } from "../support/fast-check.ts";

const request = (cookie: string | undefined): RequestSource => ({
  method: "GET",
  url: "/",
  header: (name) => (name === "cookie" ? cookie : undefined),
});

/** The same by the book (RFC 6265, 4.2.1 and 5.4), pair by pair and slowly. */
function byTheBook(header: string, name: string): string[] {
  const blank = (character: string | undefined): boolean => character === " " || character === "\t";
  const values: string[] = [];
  for (const part of header.split(";")) {
    const pair = [...part];
    while (blank(pair[0])) pair.shift();
    while (blank(pair.at(-1))) pair.pop();
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).join("") === name) values.push(pair.slice(equals + 1).join(""));
  }
  return values.slice(0, 16);
}

/** Headers out of the pieces that parsers trip over. */
const odd = '= sid SID x __Host-sid \u00a0 \t , " \\ %20 %E0 $Version \u0000 \n é =sid= a=sid=1'.split(" ");
const usual = [";", "; ", ";\t ", "sid=", "x=", "__Host-sid=1", "; sid=2", " "];
const piece = fc.constantFrom(...odd, ...usual, ...usual, ...usual);
const header = fc.oneof(
  fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary" }),
);

describe("readCookie()", () => {
  test("agrees with a parser by the book, on every header", () => {
    let found = 0;
    fc.assert(
      fc.property(header, fc.constantFrom("sid", "__Host-sid", "x", "$Version"), (text, name) => {
        const values = readCookie(text, name);
        found += values.length;
        expect(values).toEqual(byTheBook(text, name));
      }),
      { numRuns: 20_000 },
    );
    expect(found).toBeGreaterThan(1_000);
  });
});

/** Good values for the most part, or nothing is ever written. */
function mostly<T>(bad: fc.Arbitrary<string>, ...good: T[]): fc.Arbitrary<T | string> {
  return fc.oneof({ arbitrary: fc.constantFrom(...good), weight: 8 }, { arbitrary: bad, weight: 1 });
}

describe("setCookieWriter()", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...'ab1-._/;=,\r\n "\\é\0'), maxLength: 12 }),
    fc.stringMatching(/^[a-z]{1,8}$/),
  );
  const attributes = fc.record({
    domain: mostly(text, undefined, "example.com"),
    path: mostly(text, "/", "/app"),
    sameSite: mostly(text, "lax", "strict", "none"),
    secure: fc.boolean(),
    partitioned: fc.boolean(),
  });
  const name = mostly(text, "__Host-s", "__Secure-s", "s", "__host-s");
  const age = fc.option(fc.integer({ min: -1, max: 34_560_001 }), { nil: undefined });

  test("writes a line with these attributes and nothing else, or refuses", () => {
    let written = 0;
    fc.assert(
      fc.property(attributes, name, text, age, (found, cookie, value, maxAge) => {
        let line: string;
        try {
          line = setCookieWriter(found as CookieAttributes)(cookie, value, maxAge);
        } catch (error) {
          expect(isSessionError(error), String(error)).toBe(true);
          return;
        }
        written++;
        expect(line).toMatch(/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/);
        const [pair, ...rest] = line.split("; ");
        expect(pair).toBe(`${cookie}=${value}`);
        const expected = [
          maxAge !== undefined && `Max-Age=${maxAge}`,
          found.domain !== undefined && `Domain=${found.domain}`,
          `Path=${found.path}`,
          found.secure && "Secure",
          "HttpOnly",
          `SameSite=${found.sameSite[0]?.toUpperCase()}${found.sameSite.slice(1)}`,
          found.partitioned && "Partitioned",
        ];
        expect(rest).toEqual(expected.filter(Boolean));
        if (/^__host-/i.test(cookie)) expect([found.secure, found.domain, found.path]).toEqual([true, undefined, "/"]);
      }),
      { numRuns: 20_000 },
    );
    expect(written).toBeGreaterThan(100);
  });
});

describe("cookieTransport()", () => {
  const options = fc.constantFrom<CookieOptions>(
    {},
    { name: "__Secure-s", domain: "example.com", sameSite: "strict" },
    { name: "__Secure-s", path: "/app" },
    { name: "s", insecure: true },
  );
  const visible = fc.constantFrom(..."abcXYZ019-_.~!#%&'()*+/:<=>?@[]^`{|}");
  const value = fc
    .tuple(fc.string({ unit: visible, minLength: 1, maxLength: 50 }), fc.nat(300))
    .map(([part, times]) => part.repeat(times + 1).slice(0, 15_000));
  const URL = "https://www.example.com/app/page";

  test("a browser gives back the value that was set last, and none after clear()", async () => {
    await fc.assert(
      fc.asyncProperty(
        options,
        fc.integer({ min: 1, max: 8 }),
        fc.array(value, { minLength: 1, maxLength: 4 }),
        async (cookie, chunks, values) => {
          const transport = cookieTransport({ ...cookie, chunks });
          const jar = new CookieJar();
          const source = async (): Promise<RequestSource> => request(await jar.getCookieString(URL));
          const take = async (lines: readonly { value: string }[]): Promise<void> => {
            const names = lines.map((line) => line.value.split("=")[0]);
            expect(new Set(names).size).toBe(names.length);
            for (const line of lines) await jar.setCookie(line.value, URL);
          };
          for (const next of values) {
            try {
              transport.check?.(next);
            } catch {
              continue;
            }
            await take(transport.write(next, { maxAge: 60 }, await source()));
            expect(transport.read(await source())).toEqual([next]);
          }
          await take(transport.clear(await source()));
          expect(await jar.getCookieString(URL)).toBe("");
        },
      ),
      { numRuns: 150 },
    );
  });

  test("answers of two requests in any order leave one of the two values, whole", async () => {
    await fc.assert(
      fc.asyncProperty(value, value, value, async (first, second, third) => {
        const transport = cookieTransport({ chunks: 4 });
        const jar = new CookieJar();
        const set = async (lines: readonly { value: string }[]): Promise<void> => {
          for (const line of lines) await jar.setCookie(line.value, URL);
        };
        await set(transport.write(first, { maxAge: 60 }, request("")));
        const before = request(await jar.getCookieString(URL));
        // Both answers were made from the same request's cookies; neither knows of the other.
        await set(transport.write(second, { maxAge: 60 }, before));
        await set(transport.write(third, { maxAge: 60 }, before));
        expect(transport.read(request(await jar.getCookieString(URL)))).toEqual([third]);
      }),
      { numRuns: 100 },
    );
  });

  test("whatever a client sends, reading is bounded and does not throw", () => {
    const name = "__Host-Http-session";
    const hostile = fc.array(
      fc.tuple(
        fc.constantFrom(name, `${name}.1`, `${name}.2`, `${name}.7`, `${name}.8`, "a"),
        fc.constantFrom("", "x", "y".repeat(3819), "z".repeat(3819)),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 8 }), (pairs, chunks) => {
        const transport = cookieTransport({ chunks });
        const cookie = pairs.map(([key, text]) => `${key}=${text}`).join("; ");
        const values = transport.read(request(cookie));
        expect(values.length).toBeLessThanOrEqual(16);
        expect(new Set(values).size).toBe(values.length);
        expect(transport.clear(request(cookie)).length).toBeLessThanOrEqual(8);
      }),
      { numRuns: 1000 },
    );
  });
});
