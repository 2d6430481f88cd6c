/**
 * A store may hold anything: an older format, damage, or what somebody wrote who could write to it.
 */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { decodeMeta, encodeMeta, type Meta } from "../../../src/record/meta.ts";
import { openSite } from "../../support/visitor.ts";

const meta: Meta = {
  endsAt: 2_000_000_000_000,
  rotatedAt: 1_700_000_000_000,
  generation: 3,
  successorSeenAt: 1_700_000_000_001,
  authenticatedAt: 1_700_000_000_000,
  factors: ["pwd", "otp"],
  device: { browser: "Firefox", system: "Linux", network: "10.0.0.0/24" },
  flash: [{ kind: "info", text: "hello" }],
  version: 2,
  persistent: false,
  tombstone: { reason: "replaced", successor: "key" },
};

/** Values that each field of the wire form is tried with. */
const odd = [
  null,
  true,
  -1,
  1.5,
  1e300,
  "1",
  "",
  "__proto__",
  [],
  [null],
  [[]],
  [1],
  {},
  { length: 5 },
  [{}],
  ["gone", 5],
];

describe("decodeMeta()", () => {
  it("gives back what encodeMeta() wrote", () => {
    expect(decodeMeta(encodeMeta(meta))).toEqual(meta);
    const least = { endsAt: 2, rotatedAt: 1, generation: 0 };
    expect(encodeMeta(least)).toBe('{"x":2,"r":1}');
    expect(decodeMeta(encodeMeta(least))).toMatchObject({ ...least, persistent: true });
  });

  it("gives null for what is not a meta", () => {
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      "1",
      '"x"',
      "{}",
      '{"x":1}',
      '{"r":1}',
      '{"x":"1","r":1}',
      '{"x":1,"r":-1}',
    ]) {
      expect(decodeMeta(text)).toBeNull();
    }
  });

  it("gives null, or a meta of the right types, whatever a field holds", () => {
    for (const field of ["x", "r", "g", "s", "a", "f", "d", "l", "v", "p", "t"]) {
      for (const value of odd) {
        const decoded = decodeMeta(JSON.stringify({ ...JSON.parse(encodeMeta(meta)), [field]: value }));
        if (decoded) expectTypes(decoded);
      }
    }
  });
});

function expectTypes({ endsAt, rotatedAt, generation, ...rest }: Meta): void {
  for (const instant of [endsAt, rotatedAt]) expect(instant).toBeGreaterThanOrEqual(0);
  for (const instant of [rest.successorSeenAt ?? 0, rest.authenticatedAt ?? 0])
    expect(instant).toBeGreaterThanOrEqual(0);
  expect(Number.isInteger(generation) && generation < 2 ** 32).toBe(true);
  expect(Number.isInteger(rest.version ?? 0)).toBe(true);
  for (const factor of rest.factors ?? []) expect(typeof factor).toBe("string");
  for (const { kind, text } of rest.flash ?? []) expect([typeof kind, typeof text]).toEqual(["string", "string"]);
  for (const fact of Object.values(rest.device ?? {})) expect(typeof (fact ?? "")).toBe("string");
  expect(["replaced", "ended"]).toContain(rest.tombstone?.reason ?? "ended");
  expect(typeof (rest.tombstone?.successor ?? "")).toBe("string");
}

describe("a hostile row", () => {
  it("never throws, from any verb, and never reaches a prototype", async () => {
    const good = encodeMeta({ endsAt: 2e12, rotatedAt: 1.7e12, generation: 0 });
    const payloads = [
      "",
      "\n",
      "~",
      "~AAAA",
      "{}\n{}",
      `${good}\n`,
      `${good}\nnull`,
      `${good}\n[]`,
      `${good}\n{"__proto__":{"polluted":true}}`,
      `${good}\n{"constructor":{"prototype":{"polluted":true}}}`,
      ...["g", "s", "a", "f", "d", "l", "v", "t"].flatMap((field) =>
        odd.map((value) => `${JSON.stringify({ x: 2e12, r: 1.7e12, [field]: value })}\n{}`),
      ),
    ];
    const { visitor, inner, sessions } = openSite({ onReuse: "report" });
    for (const payload of payloads) {
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const { id } = await browser.open();
      const row = await inner.get(id);
      if (!row) throw new Error("the row must be there");
      await inner.update(id, { ...row, payload }, row.version);
      const { response } = await browser.visit((session) => [
        session.toJSON(),
        inspect(session.data),
        session.flashes().map(({ kind, text }) => kind + text),
        session.factors.join(),
        session.device?.browser,
      ]);
      expect(response.status).toBe(200);
      const page = await sessions.list("ann");
      expect(() => JSON.stringify(page)).not.toThrow();
      await (await sessions.get(id))?.update("n", () => 1);
      await sessions.revoke(id);
      expect((await sessions.list("ann")).items).toEqual([]);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
