/**
 * A sealed cookie is believed as a whole, in its place, or not at all.
 */
import { describe, expect, it } from "vitest";
import * as base64url from "../../src/crypto/base64url.ts";
import { cookieTransport } from "../../src/transport/cookie.ts";
import { anotherServer, cookieOf, openSite, requestWith, type Site, type TestMode } from "../support/visitor.ts";

const SEALED = ["tracked", "stateless"] as const;

/** The name and value of a session's first cookie. */
async function sealedCookie(mode: TestMode, options: Parameters<typeof openSite>[0] = {}, data: object = { a: 1 }) {
  const site = openSite(options, mode);
  const session = await site.sessions.open(requestWith());
  session.data = data;
  await session.login("ann");
  const header = cookieOf(await site.sessions.commit(session));
  const at = header.indexOf("=");
  return { site, header, name: header.slice(0, at), value: header.slice(at + 1) };
}

async function userOf({ sessions }: Pick<Site, "sessions">, cookie: string): Promise<string | undefined> {
  return (await sessions.open(requestWith(cookie))).userId;
}

for (const mode of SEALED) {
  describe(`a sealed cookie in mode ${mode}`, () => {
    it("is refused with any bit of any byte changed, with one answer and no call of the store", async () => {
      const { site, name, value, header } = await sealedCookie(mode);
      const bytes = base64url.decode(value) as Uint8Array;
      expect(await userOf(site, header)).toBe("ann");
      site.instrument.resetCalls();
      site.events.length = 0;
      for (let at = 0; at < bytes.length; at++) {
        for (const bit of [1, 128]) {
          const changed = Uint8Array.from(bytes);
          changed[at] = (changed[at] as number) ^ bit;
          expect(await userOf(site, `${name}=${base64url.encode(changed)}`)).toBeUndefined();
        }
      }
      expect(site.instrument.total).toBe(0);
      expect(new Set(site.events.map((event) => JSON.stringify(event)))).toEqual(
        new Set([JSON.stringify({ type: "rejected", reason: "foreign" })]),
      );
    });

    it("is refused cut at every length, extended, doubled, and in every other spelling", async () => {
      const { site, name, value } = await sealedCookie(mode);
      const bytes = base64url.decode(value) as Uint8Array;
      const others = [
        ...Array.from({ length: value.length }, (_, length) => value.slice(0, length)),
        ...Array.from({ length: bytes.length }, (_, length) => base64url.encode(bytes.subarray(0, length))),
        `${value}A`,
        `${value}AAAA`,
        `${value}=`,
        `${value}==`,
        value + value,
        `"${value}"`,
        value.replace(/[-_]/g, (letter) => (letter === "-" ? "+" : "/")) === value
          ? `${value}+`
          : value.replace(/[-_]/g, "+"),
        ` ${value.slice(0, 10)} ${value.slice(10)}`,
        `${value.slice(0, 10)}%2D${value.slice(11)}`,
      ];
      for (const other of others) expect(await userOf(site, `${name}=${other}`)).toBeUndefined();
    });

    it("is noise under another cookie name, another audience and in another mode", async () => {
      const { site, value } = await sealedCookie(mode, { cookie: { name: "__Host-one" }, audience: "shop" });
      const same = { cookie: { name: "__Host-one" }, audience: "shop" } as const;
      expect(await userOf({ sessions: anotherServer(site, same, mode) }, `__Host-one=${value}`)).toBe("ann");
      const moved = [
        anotherServer(site, { ...same, cookie: { name: "__Host-two" } }, mode),
        anotherServer(site, { ...same, audience: "admin" }, mode),
        anotherServer(site, { ...same, audience: "" }, mode),
        anotherServer(site, same, mode === "tracked" ? "stateless" : "tracked"),
        anotherServer(site, same, "server"),
      ];
      for (const sessions of moved) {
        expect(await userOf({ sessions }, `__Host-one=${value}; __Host-two=${value}`)).toBeUndefined();
      }
    });

    it("is bound to the cookie's name however the cookie was configured", async () => {
      const { site, value } = await sealedCookie(mode, { cookie: { name: "__Host-one" } });
      for (const [name, user] of [
        ["__Host-one", "ann"],
        ["__Host-two", undefined],
      ] as const) {
        const sessions = anotherServer(site, { transports: [cookieTransport({ name, chunks: 4 })] }, mode);
        expect(await userOf({ sessions }, `${name}=${value}`)).toBe(user);
      }
    });

    it("is never the same twice, for the same session and data", async () => {
      const { site, header } = await sealedCookie(mode);
      const seen = new Set<string>();
      for (let times = 0; times < 50; times++) {
        const session = await site.sessions.open(requestWith(header));
        session.data.n = times % 2;
        seen.add(cookieOf(await site.sessions.commit(session)));
      }
      expect(seen.size).toBe(50);
    });

    it("spreads over several cookies; none of them alone, or of another value, is believed", async () => {
      const big = { big: "x".repeat(7_000) };
      const { site, header } = await sealedCookie(mode, { cookie: { chunks: 4 } }, big);
      const parts = header.split("; ");
      expect(parts).toHaveLength(3);
      expect(parts.map((part) => part.length <= 4_096)).toEqual([true, true, true]);
      const session = await site.sessions.open(requestWith(parts.toReversed().join("; ")));
      expect([session.userId, session.data]).toEqual(["ann", big]);
      for (let missing = 0; missing < 3; missing++) {
        const rest = parts.filter((_, index) => index !== missing);
        expect(await userOf(site, rest.join("; "))).toBeUndefined();
      }
      session.data.big = "y".repeat(7_000);
      const newer = cookieOf(await site.sessions.commit(session)).split("; ");
      for (let mixed = 0; mixed < 3; mixed++) {
        expect(
          await userOf(site, newer.map((part, index) => (index === mixed ? parts[index] : part)).join("; ")),
        ).toBeUndefined();
      }
      expect(await userOf(site, newer.join("; "))).toBe("ann");
    });

    it("clears the cookies that a smaller value does not need any more", async () => {
      const { site, header } = await sealedCookie(mode, { cookie: { chunks: 4 } }, { big: "x".repeat(7_000) });
      const session = await site.sessions.open(requestWith(header));
      session.data.big = "";
      const lines = (await site.sessions.commit(session)).filter(({ name }) => name === "set-cookie");
      expect(lines.map(({ value }) => /Max-Age=(\d+)/.exec(value)?.[1] === "0")).toEqual([false, true, true]);
    });

    it("fits by default into the 4 KB that a reverse proxy takes for the head of an answer, or is an error", async () => {
      const fits = async (size: number): Promise<number> => {
        const { sessions } = openSite({}, mode);
        const session = await sessions.open(requestWith());
        session.data.big = "x".repeat(size);
        const ops = await sessions.commit(session);
        return ops.reduce((sum, { name, value }) => sum + `${name}: ${value ?? ""}\r\n`.length, 0);
      };
      expect(await fits(2_300)).toBeLessThan(4_096 - 256);
      await expect(fits(2_700)).rejects.toMatchObject({
        code: "SOJOURN_COOKIE_TOO_LARGE",
        message: expect.stringContaining("cookie.chunks"),
      });
    });

    it("that was spread over cookies by a release with a larger default is read on", async () => {
      const { site, header } = await sealedCookie(mode, { cookie: { chunks: 4 } }, { big: "x".repeat(7_000) });
      expect(header.split("; ")).toHaveLength(3);
      expect(await userOf({ sessions: anotherServer(site, {}, mode) }, header)).toBe("ann");
    });

    it("that a browser would not keep is an error before anything is stored", async () => {
      const { visitor, sessions, inner } = openSite({ cookie: { chunks: 1 } }, mode);
      const tooMuch = "x".repeat(4_096);
      const fresh = await sessions.open(requestWith());
      fresh.data.big = tooMuch;
      const refused = {
        code: "SOJOURN_COOKIE_TOO_LARGE",
        message: expect.stringMatching(/4\d{3} bytes.*found 5\d{3}/),
      };
      await expect(async () => sessions.commit(fresh)).rejects.toMatchObject(refused);
      await expect(fresh.login("ann")).rejects.toMatchObject(refused);
      expect(inner.size).toBe(0);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.data.small = true;
        await session.login("ann");
      });
      const before = await inner.scan();
      const grown = await browser.open();
      grown.data.big = tooMuch;
      await expect(async () => sessions.commit(grown)).rejects.toMatchObject(refused);
      await expect(grown.rotate()).rejects.toMatchObject(refused);
      expect(await inner.scan()).toEqual(before);
      expect((await browser.visit((session) => session.data)).value).toEqual({ small: true });
    });

    it("holds every text that the codec gives, and every user id", async () => {
      const data = { "\ud800": "\udfff\u0000\ufeff\n~", "": [], emoji: "🧳" };
      for (const userId of ["\n", "\ufeffann", '"', "🧳", "x".repeat(255), "\ud800"]) {
        const { sessions } = openSite({}, mode);
        const session = await sessions.open(requestWith());
        session.data = { ...data };
        await session.login(userId);
        const again = await sessions.open(requestWith(cookieOf(await sessions.commit(session))));
        expect([again.userId, again.data]).toEqual([userId, data]);
      }
    });
  });
}
