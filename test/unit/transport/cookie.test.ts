import { afterEach, describe, expect, test, vi } from "vitest";
import { type CookieTransportOptions, cookieTransport } from "../../../src/transport/cookie.ts";
import type { CookieOptions } from "../../../src/transport/cookie-options.ts";
import type { HeaderOp, RequestSource } from "../../../src/transport/transport.ts";
import { cpuTime } from "../../support/cpu-time.ts";

const request = (cookie?: string): RequestSource => ({
  method: "GET",
  url: "/",
  header: (name) => (name === "cookie" ? cookie : undefined),
});
const lines = (ops: readonly HeaderOp[]): string[] => ops.map(({ value }) => value);
/** The cookie header of a browser that took these lines. */
const jar = (ops: readonly HeaderOp[]): string =>
  lines(ops)
    .map((line) => line.split(";")[0])
    .join("; ");
const refused = (option: string) =>
  expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", message: expect.stringContaining(`"${option}"`) });

afterEach(() => vi.unstubAllEnvs());

describe("cookieTransport()", () => {
  test("by default sets a __Host- cookie: Secure, HttpOnly, SameSite=Lax, for the whole host", () => {
    const transport = cookieTransport();
    expect(transport).toMatchObject({ name: "cookie", ambient: true });
    expect(transport.write("v", { maxAge: 60 }, request())).toEqual([
      {
        op: "append",
        name: "set-cookie",
        value: "__Host-Http-session=v; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax",
      },
    ]);
  });

  test.each<CookieOptions>([
    {},
    { name: "__Secure-s", domain: "example.com", path: "/a", sameSite: "strict" },
    { name: "__Host-s", sameSite: "none", partitioned: true },
    { name: "s", insecure: true, domain: "example.com" },
  ])("clears with the attributes that it sets with: %o", (options) => {
    const transport = cookieTransport(options);
    const [set] = lines(transport.write("v", { maxAge: 0 }, request()));
    expect(lines(transport.clear(request()))).toEqual([set?.replace("=v;", "=;")]);
  });

  test("writes no Max-Age for a cookie that dies with the browser", () => {
    expect(lines(cookieTransport().write("v", { maxAge: undefined }, request()))[0]).not.toContain("Max-Age");
    const transport = cookieTransport({ persistent: false });
    expect(lines(transport.write("v", { maxAge: 60 }, request()))[0]).not.toContain("Max-Age");
    expect(lines(transport.clear(request()))[0]).toContain("Max-Age=0");
  });

  test.each([
    [99_999_999, 34_560_000],
    [-5, 0],
    [59.9, 59],
  ])("writes a lease of %d s as Max-Age=%d", (maxAge, written) => {
    expect(lines(cookieTransport().write("v", { maxAge }, request()))[0]).toContain(`; Max-Age=${written};`);
  });

  test("reads every cookie of the name, each value once", () => {
    const transport = cookieTransport({ name: "__Secure-s", domain: "example.com" });
    expect(transport.read(request("__Secure-s=EVIL; a=b; __Secure-s=real; __Secure-s=EVIL"))).toEqual(["EVIL", "real"]);
    expect(transport.read(request("a=b"))).toEqual([]);
    expect(transport.read(request())).toEqual([]);
  });

  test("does not join chunks unless asked to", () => {
    const transport = cookieTransport({ name: "__Host-s" });
    expect(transport.read(request(`__Host-s=${"x".repeat(3830)}; __Host-s.1=y`))).toEqual(["x".repeat(3830)]);
  });

  test.each(["", "a b", 'a"', "a;b", "a\r\nSet-Cookie: x=y", "é"])("refuses the value %j", (value) => {
    expect(() => cookieTransport().write(value, { maxAge: 1 }, request())).toThrowError(
      expect.objectContaining({ code: "SOJOURN_INVALID_COOKIE" }),
    );
  });

  test("check() and write() name bytes, limit and remedy when the browser would drop the cookie", () => {
    const transport = cookieTransport({ name: "__Host-s" });
    expect(() => transport.check?.("x".repeat(4088))).not.toThrow();
    for (const act of [
      () => transport.check?.("x".repeat(4089)),
      () => transport.write("x".repeat(4089), { maxAge: 1 }, request()),
    ])
      expect(act).toThrowError(
        expect.objectContaining({
          code: "SOJOURN_COOKIE_TOO_LARGE",
          message: expect.stringMatching(/4088 bytes, found 4089.*chunks.*store/),
        }),
      );
  });
});

describe("cookieTransport({ chunks })", () => {
  const name = "__Host-s";
  const size = 3840 - name.length - 2;
  const transport = cookieTransport({ name, chunks: 4 });
  const write = (value: string, cookie?: string): readonly HeaderOp[] =>
    transport.write(value, { maxAge: 9 }, request(cookie));

  test.each([1, size - 1, size, size + 1, 2 * size, 3 * size + 5, 4 * size - 1])("carries %d characters", (length) => {
    const value = Array.from({ length }, (_, i) => "abcdefg"[i % 7]).join("");
    const ops = write(value);
    expect(ops).toHaveLength(Math.floor(length / size) + 1);
    expect(transport.read(request(jar(ops)))).toEqual([value]);
    for (const line of lines(ops)) expect(line.split(";")[0]?.length).toBeLessThanOrEqual(3841);
  });

  test("has a limit, and says how many bytes fit", () => {
    expect(() => transport.check?.("x".repeat(4 * size - 1))).not.toThrow();
    expect(() => transport.check?.("x".repeat(4 * size))).toThrow(`at most ${4 * size - 1} bytes, found ${4 * size}`);
  });

  test("clears the chunks that the request carries and the new value does not need", () => {
    const old = jar(write("x".repeat(3 * size)));
    expect(lines(write("short", old)).map((line) => line.split(";").slice(0, 2).join(";"))).toEqual([
      "__Host-s=short; Max-Age=9",
      "__Host-s.1=; Max-Age=0",
      "__Host-s.2=; Max-Age=0",
      "__Host-s.3=; Max-Age=0",
    ]);
    expect(lines(transport.clear(request(old)))).toHaveLength(4);
  });

  test("clears what a configuration with more chunks left, and nothing beyond eight", () => {
    const cookie = Array.from({ length: 200 }, (_, i) => `${name}.${i}=x`).join("; ");
    const cleared = lines(cookieTransport({ name }).clear(request(cookie))).map((line) => line.split("=")[0]);
    expect(cleared).toEqual([name, ...Array.from({ length: 7 }, (_, i) => `${name}.${i + 1}`)]);
  });

  test("writes each name once", () => {
    const old = `${jar(write("x".repeat(3 * size)))}; ${name}.1=again; ${name}=again`;
    for (const ops of [write("x".repeat(2 * size), old), transport.clear(request(old))]) {
      const names = lines(ops).map((line) => line.split("=")[0]);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("does not read what an older value left behind", () => {
    const left = `${name}=new; ${name}.1=old; ${name}.2=old`;
    expect(transport.read(request(left))).toEqual(["new"]);
  });

  test("has no value when a chunk is missing", () => {
    const cookies = jar(write("x".repeat(2 * size + 1))).split("; ");
    expect(transport.read(request([cookies[0], cookies[2]].join("; ")))).toEqual([]);
    expect(transport.read(request([cookies[0], cookies[1]].join("; ")))).toEqual([]);
    expect(transport.read(request([cookies[1], cookies[2]].join("; ")))).toEqual([]);
  });

  test("reads no more chunks than are allowed", () => {
    const full = "x".repeat(size);
    const chunks = (count: number): string =>
      [
        `${name}=${full}`,
        ...Array.from({ length: count - 2 }, (_, i) => `${name}.${i + 1}=${full}`),
        `${name}.${count - 1}=end`,
      ].join("; ");
    expect(transport.read(request(chunks(4)))).toEqual([`${full.repeat(3)}end`]);
    for (const count of [5, 6, 9, 12]) expect(transport.read(request(chunks(count)))).toEqual([]);
  });

  test("a foreign chunk in front does not hide the real one", () => {
    const value = "v".repeat(size + 10);
    const real = jar(write(value));
    const found = transport.read(request(`${name}=EVIL; ${name}.1=EVIL; ${real}`));
    expect(found).toContain(value);
    expect(found).toEqual(["EVIL", `${"v".repeat(size)}EVIL`, value]);
  });

  test("foreign chunks of every name cost a bounded number of candidates", () => {
    const full = Array.from({ length: 16 }, (_, i) => String.fromCharCode(97 + i).repeat(size));
    const cookie = [0, 1, 2, 3].flatMap((index) =>
      full.map((value) => `${index ? `${name}.${index}` : name}=${value}`),
    );
    const started = cpuTime();
    expect(transport.read(request(cookie.join("; "))).length).toBeLessThanOrEqual(16);
    expect(cpuTime() - started).toBeLessThan(15_000);
  });

  test("reads a single cookie that was written before chunks were allowed", () => {
    const before = cookieTransport({ name });
    const value = "x".repeat(4000);
    expect(transport.read(request(jar(before.write(value, { maxAge: 1 }, request()))))).toEqual([value]);
  });
});

describe("cookie options", () => {
  test("combinations that browsers refuse do not compile, and throw", () => {
    // @ts-expect-error the default name forbids a domain
    expect(() => cookieTransport({ domain: "example.com" })).toThrowError(refused("cookie.domain"));
    // @ts-expect-error the default name forbids a path
    expect(() => cookieTransport({ path: "/app" })).toThrowError(refused("cookie.path"));
    // @ts-expect-error __Host- forbids a domain
    expect(() => cookieTransport({ name: "__Host-s", domain: "example.com" })).toThrowError(refused("cookie.domain"));
    // @ts-expect-error __Host- forbids a path
    expect(() => cookieTransport({ name: "__Host-s", path: "/app" })).toThrowError(refused("cookie.path"));
    // @ts-expect-error a secure cookie has a prefix
    expect(() => cookieTransport({ name: "connect.sid" })).toThrowError(refused("cookie.name"));
    // @ts-expect-error a shared cookie has a __Secure- name
    expect(() => cookieTransport({ name: "s", domain: "example.com" })).toThrowError(refused("cookie.name"));
    // @ts-expect-error SameSite=None needs Secure
    expect(() => cookieTransport({ name: "s", insecure: true, sameSite: "none" })).toThrowError(
      refused("cookie.sameSite"),
    );
    // @ts-expect-error Partitioned needs Secure
    expect(() => cookieTransport({ name: "s", insecure: true, partitioned: true })).toThrowError(
      refused("cookie.partitioned"),
    );
    expect(() => cookieTransport({ name: "__Host-s", insecure: true })).toThrowError(refused("cookie.name"));
    expect(() => cookieTransport({ name: "__secure-s", insecure: true })).toThrowError(refused("cookie.name"));
  });

  test("combinations that work compile", () => {
    const production = false as boolean;
    const all: CookieTransportOptions[] = [
      {},
      { name: "__Host-s", path: "/", chunks: 4 },
      { name: `__Host-${production ? "a" : "b"}` },
      { name: "__Secure-s", domain: "example.com", path: "/app" },
      { name: "__Http-s", domain: "example.com" },
      { sameSite: "none", partitioned: true },
      production ? {} : { name: "s", insecure: true },
      { insecure: production },
      { insecure: !production },
    ];
    for (const options of all) expect(() => cookieTransport(options)).not.toThrow();
  });

  test("an insecure cookie without a name is called session, and a secure one by its default", () => {
    for (const [insecure, line] of [
      [true, "session=v; Path=/; HttpOnly; SameSite=Lax"],
      [false, "__Host-Http-session=v; Path=/; Secure; HttpOnly; SameSite=Lax"],
    ] as const)
      expect(lines(cookieTransport({ insecure }).write("v", { maxAge: undefined }, request()))).toEqual([line]);
  });

  test("an insecure cookie in production has to say so", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => cookieTransport({ name: "s", insecure: true })).toThrowError(refused("cookie.insecure"));
    const transport = cookieTransport({ name: "s", insecure: "in-production" });
    expect(lines(transport.write("v", { maxAge: undefined }, request()))).toEqual([
      "s=v; Path=/; HttpOnly; SameSite=Lax",
    ]);
  });

  test.each<[string, unknown]>([
    ["cookie.name", { name: "__Host-a b" }],
    ["cookie.name", { name: "" }],
    ["cookie.name", { name: 7 }],
    ["cookie.domain", { name: "__Secure-s", domain: "localhost" }],
    ["cookie.domain", { name: "__Secure-s", domain: "a.com; Secure" }],
    ["cookie.path", { name: "__Secure-s", path: "app" }],
    ["cookie.sameSite", { sameSite: "Lax" }],
    ["cookie.sameSite", { sameSite: "toString" }],
    ["cookie.persistent", { persistent: "yes" }],
    ["cookie.partitioned", { partitioned: 1 }],
    ["cookie.insecure", { name: "s", insecure: "yes" }],
    ["cookie.insecure", { name: "s", insecure: 1 }],
    ["cookie.chunks", { chunks: 0 }],
    ["cookie.chunks", { chunks: 9 }],
    ["cookie.chunks", { chunks: 1.5 }],
  ])("refuses a mistake in %s: %o", (option, options) => {
    expect(() => cookieTransport(options as CookieTransportOptions)).toThrowError(refused(option));
  });
});
