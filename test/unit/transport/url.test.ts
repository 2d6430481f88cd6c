import { beforeAll, describe, expect, test } from "vitest";
import { platform } from "#crypto";
import type { Mac } from "../../../src/crypto/platform.ts";
import { signLink, verifyLink } from "../../../src/transport/signed-link.ts";
import type { RequestSource } from "../../../src/transport/transport.ts";
import { urlTransport } from "../../../src/transport/url.ts";

const NOW = 1_763_800_000_500;
const END = NOW + 60_000;
const TOKEN = "tok_EN-0123456789";
let mac: Mac;
let otherMac: Mac;
beforeAll(async () => {
  mac = await platform.mac(new Uint8Array(32).fill(1));
  otherMac = await platform.mac(new Uint8Array(32).fill(2));
});

const get = (url: string): RequestSource => ({ method: "GET", url, header: () => undefined });

describe("signLink(), verifyLink()", () => {
  test.each([
    "/",
    "/download",
    "/download?file=7",
    "/a%20b/ü?q=é&x=a b&y='&z=%zz",
    "/a/../b/./c",
    "/x?",
    "/x?a&b=&&",
    "/x?mysid=1&sid2=2",
    "https://app.example/download?file=7",
    "https://app.example",
    "http://localhost:3000/x#part",
  ])("a link to %s verifies as a browser sends it", async (href) => {
    const link = await signLink(href, TOKEN, END, mac);
    const sent = new URL(link, "https://app.example");
    expect(await verifyLink(sent.pathname + sent.search, NOW, mac)).toBe(TOKEN);
    expect(await verifyLink(sent.href, NOW, mac)).toBe(TOKEN);
    expect(link.startsWith("/")).toBe(href.startsWith("/"));
    expect(sent.searchParams.get("exp")).toBe("1763800060");
  });

  test("keeps the fragment behind the query", async () => {
    expect(await signLink("/x#part", TOKEN, END, mac)).toMatch(/^\/x\?sid=[^#]*&exp=\d+&sig=[\w-]{43}#part$/);
  });

  test("expires with its second", async () => {
    const link = await signLink("/x", TOKEN, END, mac);
    expect(await verifyLink(link, 1_763_800_059_999, mac)).toBe(TOKEN);
    expect(await verifyLink(link, 1_763_800_060_000, mac)).toBeNull();
  });

  test("another key, path, query, token, expiry or parameter does not verify", async () => {
    const link = await signLink("/x?file=7", TOKEN, END, mac);
    for (const changed of [
      link.replace("/x", "/y"),
      link.replace("/x", "/X"),
      link.replace("/x", "//x"),
      link.replace("/x", "/x/"),
      link.replace("file=7", "file=8"),
      link.replace("file=7", "file=%37"),
      link.replace("file=7&", ""),
      link.replace("?file=7&", "?"),
      link.replace("?", "?a=1&"),
      link.replace(TOKEN, "other"),
      link.replace("exp=1", "exp=2"),
      link.replace("exp=1", "exp=01"),
      link.replace("sid=", "tid="),
      `${link}&a=1`,
      `${link}=`,
      link.slice(0, -1),
      link.replace(/sig=.*/, `sig=${"A".repeat(43)}`),
      link.replace(/sig=.*/, "sig="),
      link.replace(/&sig=.*/, ""),
      link.replace(/&exp=\d+/, ""),
      link.replace(/(sid=[^&]*)&(exp=\d+)/, "$2&$1"),
    ]) {
      expect(changed).not.toBe(link);
      expect(await verifyLink(changed, NOW, mac), changed).toBeNull();
    }
    expect(await verifyLink(link, NOW, otherMac)).toBeNull();
    expect(await verifyLink(link, NOW, mac, "other")).toBeNull();
    expect(await verifyLink(link, NOW, mac)).toBe(TOKEN);
  });

  test("parts cannot be moved from one field to another", async () => {
    const link = await signLink("/x?a=1", TOKEN, END, mac);
    expect(await verifyLink(link.replace("/x?a=1&", "/x%3Fa=1?"), NOW, mac)).toBeNull();
    expect(await verifyLink(link.replace("?a=1&sid=", "?a=1%26sid="), NOW, mac)).toBeNull();
  });

  test.each([
    "",
    "?",
    "/",
    "x",
    "/?sid=",
    `/?sid=${"a".repeat(10_000)}`,
    "/?sid=a&exp=1&sig=",
    "%",
    "\u0000",
    "http://",
    "/?sid=a&sid=b&exp=1&sig=c",
  ])("verifyLink(%j) is null and does not throw", async (url) => {
    expect(await verifyLink(url, NOW, mac)).toBeNull();
  });

  test.each([
    "",
    "x",
    "x/y",
    "//evil.test/x",
    "/\\evil.test/x",
    "/.//evil.test/x",
    "/a/..//evil.test",
    "/%2e//evil.test",
    "/./\\evil.test",
    "/\t/evil.test/x",
    "\t//evil.test",
    "javascript:alert(1)",
    "ftp://a.example/x",
    "https:evil.test",
    "https://",
    "/x?sid=1",
    "/x?a&exp=1",
    "/x?sig",
  ])("signLink() refuses %j", async (href) => {
    await expect(signLink(href, TOKEN, END, mac)).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
  });

  test("signLink() refuses tokens that need encoding, and instants that are none", async () => {
    await expect(signLink("/x", "a&b", END, mac)).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    await expect(signLink("/x", "", END, mac)).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    for (const end of [Number.NaN, Infinity, -1])
      await expect(signLink("/x", TOKEN, end, mac)).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
  });
});

describe("urlTransport()", () => {
  const transport = urlTransport();

  test("reads the token of a link, and verifies it apart", async () => {
    const link = await transport.sign("/x?a=1", TOKEN, END, mac);
    expect(transport).toMatchObject({ name: "url", ambient: false });
    expect(transport.read(get(link))).toEqual([TOKEN]);
    expect(await transport.verify(get(link), NOW, mac)).toBe(TOKEN);
    expect(await transport.verify(get(link.replace("a=1", "a=2")), NOW, mac)).toBeNull();
  });

  test.each(["/x", "/x?sid=abc", "/x?sid=abc&exp=1", "/x?SID=abc&exp=1&sig=x", "/sid=abc"])(
    "reads nothing from %s",
    (url) => {
      expect(transport.read(get(url))).toEqual([]);
    },
  );

  test.each(["p", "ig", "s-i_d", "xp", "g"])("works with the parameter %j", async (param) => {
    const custom = urlTransport({ param });
    const link = await custom.sign("/x?a=1", TOKEN, END, mac);
    expect(custom.read(get(link))).toEqual([TOKEN]);
    expect(await custom.verify(get(link), NOW, mac)).toBe(TOKEN);
    expect(await transport.verify(get(link), NOW, mac)).toBeNull();
  });

  test("keeps the address out of Referer, and never sets a cookie", () => {
    const headers = [{ op: "set", name: "referrer-policy", value: "no-referrer" }];
    expect(transport.onUse?.(get("/"))).toEqual(headers);
    expect(transport.write(TOKEN, { maxAge: 1 }, get("/"))).toEqual(headers);
    expect(transport.clear(get("/"))).toEqual(headers);
  });

  test("refuses values that are too long for an address", async () => {
    expect(() => transport.check?.("a".repeat(1025))).toThrow("Session link: expected a value of at most 1024 bytes");
    await expect(transport.sign("/x", "a".repeat(1025), END, mac)).rejects.toThrow("at most 1024 bytes");
  });

  test.each(["", "a b", "exp", "sig", "é", "a".repeat(33), 7 as unknown as string])(
    "refuses the parameter %j",
    (param) => {
      expect(() => urlTransport({ param })).toThrowError(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    },
  );
});
