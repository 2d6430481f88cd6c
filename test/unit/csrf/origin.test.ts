import { describe, expect, test } from "vitest";
import { type CsrfVerdict, checkOrigin, checkUpgrade } from "../../../src/csrf/origin.ts";
import { type CsrfOptions, resolveCsrf } from "../../../src/csrf/policy.ts";
import type { RequestSource } from "../../../src/transport/transport.ts";

const HOST = "app.example:8443";
const OWN = `https://${HOST}`;
const TRUSTED = "https://partner.example";

interface Row {
  method: string;
  site: string | undefined;
  origin: string | undefined;
  host?: string | undefined;
  url?: string;
  type?: string | undefined;
}

const request = ({ method, site, origin, host = HOST, url = "/pay?x=1", type }: Row): RequestSource => ({
  method,
  url,
  header: (name) =>
    ({ "sec-fetch-site": site, origin, host: host === "" ? undefined : host, "content-type": type })[name],
});

const METHODS = [
  "GET",
  "HEAD",
  "OPTIONS",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "TRACE",
  "CONNECT",
  "get",
  "post",
  "QUERY",
  "",
];
const SITES = [
  undefined,
  "",
  "same-origin",
  "none",
  "same-site",
  "cross-site",
  "junk",
  "Same-Origin",
  "same-origin, none",
];
const ORIGINS = [
  undefined,
  "",
  OWN,
  `http://${HOST}`,
  TRUSTED,
  "null",
  "https://app.example",
  "https://app.example:443",
  "https://APP.example:8443",
  "https://app.example.:8443",
  "https://app.example:8443.evil.test",
  "https://evil.test/app.example:8443",
  "https://user@app.example:8443",
  "https://xapp.example:8443",
  `${OWN}/`,
  `${OWN}?`,
  `${OWN}, ${OWN}`,
  ` ${OWN}`,
  "app.example:8443",
  "//app.example:8443",
  "file://app.example:8443",
  "https://[::1]:8443",
];

/** The table of Go 1.25's CrossOriginProtection, row by row, and the question of tokens behind it. */
function table(row: Row, session: boolean, exempt: boolean, tokens: "when-unsure" | "always" | "never"): string {
  if (["GET", "HEAD", "OPTIONS"].includes(row.method)) return "allow";
  if (exempt) return "allow";
  const tokenOr = (needed: boolean): string => (needed ? "token-required" : "allow");
  const always = tokens === "always";
  if (row.site === "same-origin" || row.site === "none") return tokenOr(always);
  if (row.site) return row.origin === TRUSTED ? tokenOr(always) : "deny";
  if (!row.origin) return tokenOr(always || (session && tokens === "when-unsure"));
  if (row.origin === OWN || row.origin === `http://${HOST}`) return tokenOr(always);
  return row.origin === TRUSTED ? tokenOr(always) : "deny";
}

describe("checkOrigin()", () => {
  for (const tokens of ["when-unsure", "always", "never"] as const)
    for (const session of [true, false])
      for (const exempt of [true, false])
        test(`equals the table: tokens ${tokens}, session ${session}, exempt ${exempt}`, () => {
          const policy = resolveCsrf({ trustedOrigins: [TRUSTED], tokens, exempt: exempt ? ["/pay"] : ["/other"] });
          let rows = 0;
          for (const method of METHODS)
            for (const site of SITES)
              for (const origin of ORIGINS)
                for (const type of [
                  undefined,
                  "text/plain",
                  "Application/X-WWW-Form-Urlencoded;x",
                  "application/json",
                ]) {
                  const row = { method, site, origin, type };
                  const found = checkOrigin(request(row), policy, { sessionPresent: session, ambient: true });
                  expect(found.verdict, JSON.stringify(row)).toBe(table(row, session, exempt, tokens));
                  rows++;
                }
          expect(rows).toBe(METHODS.length * SITES.length * ORIGINS.length * 4);
        });

  const decide = (row: Partial<Row>, options: CsrfOptions = {}, facts = { sessionPresent: true, ambient: true }) =>
    checkOrigin(request({ method: "POST", site: undefined, origin: undefined, ...row }), resolveCsrf(options), facts);

  test.each<[string, Partial<Row>, CsrfVerdict]>([
    ["a link", { method: "GET", site: "cross-site" }, { verdict: "allow", reason: "safe-method" }],
    ["a form of this site", { site: "same-origin", origin: OWN }, { verdict: "allow", reason: "same-origin" }],
    ["a bookmarklet", { site: "none" }, { verdict: "allow", reason: "same-origin" }],
    [
      "a sibling subdomain",
      { site: "same-site", origin: "https://x.app.example" },
      { verdict: "deny", reason: "cross-site" },
    ],
    ["another site", { site: "cross-site", origin: "https://evil.test" }, { verdict: "deny", reason: "cross-site" }],
    ["a sandboxed frame", { site: "cross-site", origin: "null" }, { verdict: "deny", reason: "cross-site" }],
    ["an older browser here", { origin: OWN }, { verdict: "allow", reason: "same-host" }],
    ["an older browser elsewhere", { origin: "https://evil.test" }, { verdict: "deny", reason: "foreign-origin" }],
    ["no headers, with a session", {}, { verdict: "token-required", reason: "token-when-unsure" }],
  ])("judges %s", (_name, row, verdict) => {
    expect(decide(row)).toEqual(verdict);
  });

  test("lets a client that is no browser log in", () => {
    expect(decide({}, {}, { sessionPresent: false, ambient: true })).toEqual({
      verdict: "allow",
      reason: "no-browser",
    });
  });

  test("checks a login, which has no session yet", () => {
    const facts = { sessionPresent: false, ambient: true };
    expect(decide({ site: "cross-site", origin: "https://evil.test" }, {}, facts).verdict).toBe("deny");
  });

  test("does not apply to what no browser adds by itself", () => {
    for (const site of SITES)
      expect(decide({ site, origin: "null" }, { tokens: "always" }, { sessionPresent: true, ambient: false })).toEqual({
        verdict: "allow",
        reason: "not-ambient",
      });
  });

  test("with configured origins takes these alone, scheme included", () => {
    const options = { origin: ["https://app.example", "https://www.app.example"] };
    expect(decide({ origin: "https://app.example", host: "10.0.0.5:3000" }, options).reason).toBe("same-host");
    expect(decide({ origin: "https://www.app.example", host: "10.0.0.5:3000" }, options).reason).toBe("same-host");
    expect(decide({ origin: "http://app.example", host: "app.example" }, options).verdict).toBe("deny");
    expect(decide({ origin: "https://rebound.test", host: "rebound.test" }, options).verdict).toBe("deny");
  });

  test("takes the host from an absolute URL when there is no Host header", () => {
    const row = { host: "", url: `${OWN}/pay` };
    expect(decide({ ...row, origin: OWN }).verdict).toBe("allow");
    expect(decide({ ...row, origin: "https://evil.test" }).verdict).toBe("deny");
    expect(decide({ host: "", origin: "https://evil.test" }).verdict).toBe("deny");
  });

  test.each(["/pay/", "//pay", "/x/../pay", "/%70ay", "/pay/admin", "/PAY", "/pa", "/pay;x", "\\pay", "/.//pay"])(
    "does not exempt %s along with /pay",
    (url) => {
      const row = { site: "cross-site", url };
      expect(decide(row, { exempt: ["/pay"] }).verdict).toBe("deny");
    },
  );

  test.each(["/pay", "/pay?a=/b", "/pay#x", "https://app.example:8443/pay?q"])("exempts %s by /pay", (url) => {
    expect(decide({ site: "cross-site", url }, { exempt: ["/pay"] })).toEqual({ verdict: "allow", reason: "exempt" });
  });

  test("asks an exempting function, and takes nothing but true for yes", () => {
    const row = { site: "cross-site", url: "/hook" };
    expect(decide(row, { exempt: (source) => source.url === "/hook" }).reason).toBe("exempt");
    const promise = (async () => false) as unknown as () => boolean;
    expect(decide(row, { exempt: promise }).verdict).toBe("deny");
  });
});

describe("checkUpgrade()", () => {
  const upgrade = (origin: string | undefined, options: CsrfOptions = {}) =>
    checkUpgrade(request({ method: "GET", site: undefined, origin }), resolveCsrf(options));

  test.each(ORIGINS)("lets only exact origins through: %s", (origin) => {
    const allowed = origin === OWN || origin === `http://${HOST}` || origin === TRUSTED;
    expect(upgrade(origin, { trustedOrigins: [TRUSTED] }).verdict).toBe(allowed ? "allow" : "deny");
    expect(upgrade(origin, { origin: OWN }).verdict).toBe(origin === OWN ? "allow" : "deny");
  });

  test("says that the origin is missing", () => {
    expect(upgrade(undefined)).toEqual({ verdict: "deny", reason: "missing-origin" });
  });
});
