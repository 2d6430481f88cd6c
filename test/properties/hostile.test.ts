/**
 * A million hostile `Cookie` headers: none throws, none authenticates, none reaches the store, and nothing is left behind.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createKeyRing } from "../../src/crypto/keyring.ts";
import { type Random, seeded } from "../../src/testing/random.ts";
import { tokenBearer } from "../../src/token/opaque.ts";
import { sealedBearer } from "../../src/token/sealed.ts";
import { cookieTransport } from "../../src/transport/cookie.ts";
import type { RequestSource } from "../../src/transport/transport.ts";
import { cpuTime } from "../support/cpu-time.ts";
import { SEED } from "../support/seed.ts";
import { MODES, openSite, SECRET, type TestMode } from "../support/visitor.ts";

const NAME = "__Host-Http-session";

const NAMES = [
  NAME,
  NAME,
  NAME,
  `${NAME}.1`,
  `${NAME}.2`,
  NAME.toLowerCase(),
  "__Host-session",
  "__proto__",
  "",
  "a",
  `\u00a0${NAME}`,
];
const SEPARATORS = ["; ", "; ", ";", " ; ", ";;", ", ", ",", "\t;", "\r\n", "\0", " "];
const VALUES = [
  "",
  "=",
  '"',
  "A".repeat(52),
  "-".repeat(52),
  "%00",
  "__proto__",
  "null",
  "🧳",
  "\u0000",
  "[object Object]",
];
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=%"\\ ,\u00e9\u2028';

/** A value that was ours, with something wrong about it. */
function mutate(random: Random, value: string): string {
  const at = random.below(value.length);
  const letter = LETTERS[random.below(LETTERS.length)] as string;
  switch (random.below(8)) {
    case 0:
      return value.slice(0, at);
    case 1:
      return value.slice(at);
    case 2:
      return value + letter;
    case 3:
      return letter + value;
    case 4:
      return value.slice(0, at) + letter + value.slice(at);
    case 5:
      return value.slice(0, at) + value.slice(at + 1);
    case 6:
      return value.slice(at) + value.slice(0, at);
    default:
      return value.slice(0, at) + letter + value.slice(at + 1);
  }
}

function noise(random: Random): string {
  const length = random.chance(0.02) ? random.below(9_000) : random.below(80);
  let text = "";
  while (text.length < length) text += random.key();
  return text.slice(0, length);
}

/** A header that does not hold a valid value as a value of ours: that would be an authentication and no attack. */
function hostileHeader(random: Random, valid: readonly string[]): string {
  let header = "";
  for (let pairs = 1 + random.below(random.chance(0.01) ? 60 : 4); pairs > 0; pairs--) {
    const kind = random.below(4);
    const value = kind === 0 ? random.pick(VALUES) : kind === 1 ? noise(random) : mutate(random, random.pick(valid));
    header += `${random.pick(NAMES)}${random.chance(0.95) ? "=" : ""}${value}${random.pick(SEPARATORS)}`;
  }
  return valid.some((value) => holds(header, value)) ? "" : header;
}

function holds(header: string, value: string): boolean {
  if (!header.includes(value)) return false;
  return header.split(";").some((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, "") === `${NAME}=${value}`);
}

function sourceOf(cookie: string): RequestSource {
  return { method: "GET", url: "/", header: (name) => (name === "cookie" ? cookie : undefined) };
}

function heapUsed(): number {
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Some values of live sessions, by the name of the mode. */
async function validValues(mode: TestMode): Promise<{ site: ReturnType<typeof openSite>; valid: string[] }> {
  const site = openSite({ cookie: { name: NAME } }, mode);
  const valid: string[] = [];
  for (let each = 0; each < 10; each++) {
    const browser = site.visitor();
    await browser.visit((session) => session.login(`user-${each}`));
    valid.push((await browser.cookies()).slice(NAME.length + 1));
  }
  site.instrument.resetCalls();
  return { site, valid };
}

const globals = () => [Object.prototype, Array.prototype, String.prototype, Function.prototype].map(Reflect.ownKeys);

describe(`hostile cookies (SEED=${SEED})`, () => {
  const before = globals();

  for (const [mode, count] of [
    ["server", 700_000],
    ["tracked", 300_000],
  ] as const) {
    it(`${count} through the transport and the bearer of mode ${mode}: each is refused with a reason`, async () => {
      const random = seeded(SEED);
      const { valid } = await validValues(mode);
      const ring = createKeyRing(SECRET, { audience: "" });
      const bearer =
        mode === "server"
          ? tokenBearer(ring, NAME)
          : sealedBearer({ ring, audience: "", place: NAME, everything: false });
      const transport = cookieTransport({ name: NAME, chunks: mode === "server" ? 1 : 4 });
      expect(typeof (await bearer.read(valid[0] as string))).toBe("object");
      let accepted = 0;
      let read = 0;
      let most = 0;
      let start = 0;
      for (let times = 0; times < count; times++) {
        const values = transport.read(sourceOf(hostileHeader(random, valid)));
        most = Math.max(most, values.length);
        for (const value of values) {
          read += 1;
          if ((await bearer.read(value)) !== "foreign") accepted += 1;
        }
        if (times === count >> 1) start = heapUsed();
      }
      expect(accepted).toBe(0);
      expect(read).toBeGreaterThan(count / 4);
      expect(most).toBeLessThanOrEqual(16);
      expect(heapUsed() - start).toBeLessThan(5_000_000);
    }, 600_000);
  }

  for (const mode of MODES) {
    it(`33,333 opened in mode ${mode}: all anonymous, without a call of the store, a header or a trace`, async () => {
      const random = seeded(SEED + 1);
      const { site, valid } = await validValues(mode);
      const { sessions, instrument, events, inner } = site;
      const size = inner.size;
      let start = 0;
      for (let times = 0; times < 33_333; times++) {
        const session = await sessions.open(sourceOf(hostileHeader(random, valid)));
        const headers = sessions.commit(session);
        if (!session.isNew || session.userId !== undefined || (await headers).length > 0) {
          expect.fail(`authenticated or answered: header ${times} of this seed`);
        }
        if (events.length > 1_000) events.length = 0;
        if (times === 16_000) start = heapUsed();
      }
      expect(instrument.total).toBe(0);
      expect(inner.size).toBe(size);
      events.length = 0;
      expect(heapUsed() - start).toBeLessThan(5_000_000);
    });
  }

  it("cost time in proportion to their length, and no more", async () => {
    const { site, valid } = await validValues("tracked");
    const value = valid[0] as string;
    const crafted = [
      `${NAME}=${value}; `.repeat(500).replaceAll(value, `${value}x`),
      `${NAME}=`.repeat(5_000),
      `${NAME}=${"A".repeat(3_821)}; `.repeat(16),
      `${NAME}=${"A".repeat(3_819)}; ${NAME}.1=${"A".repeat(3_819)}; `.repeat(8),
      " ".repeat(60_000) + NAME,
      `${" ".repeat(20_000)}${NAME}=x`.repeat(3),
      "=;".repeat(30_000),
    ];
    for (const header of crafted) {
      const started = cpuTime();
      await site.sessions.open(sourceOf(header));
      expect(cpuTime() - started).toBeLessThan(15_000);
    }
    expect(site.instrument.total).toBe(0);
  });

  it("leave the prototypes as they were", () => {
    expect(globals()).toEqual(before);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
