/** What is true of every format: sessions of the real package go on as ours, and nothing else does. */
import { createSessions } from "sojourn";
import { type ImportOptions, importSessions } from "sojourn/migrate";
import { memoryStore } from "sojourn/stores/memory";
import { describe, expect, test, vi } from "vitest";
import type { Make, Old } from "./sites.ts";

export interface Data {
  user?: string;
  cart?: string[];
}

export const UNTIL = new Date(Date.now() + 30 * 86_400_000);

/** The application after the deploy. */
export function deployed(old: Pick<Old, "reader">, options: Partial<ImportOptions<Data>> = {}, store = memoryStore()) {
  const sessions = createSessions<Data>({ store, lifetime: "30d", idle: "30d" });
  const ledger = memoryStore();
  const moving = importSessions(sessions, {
    from: [old.reader],
    until: UNTIL,
    ledger,
    userId: ({ data }) => data.user as string,
    ...options,
  });
  const server = (request: Request): Promise<Response> =>
    moving.handle(request, async (session) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/logout") await session.logout();
      if (pathname === "/rotate") await session.rotate();
      return Response.json({
        userId: session.userId ?? null,
        cart: session.data.cart ?? null,
        expiresAt: session.expiresAt.getTime(),
      });
    });
  const visit = async (
    cookie: string,
  ): Promise<{ userId: string | null; cart: string[] | null; setCookie: string[]; expiresAt: number }> => {
    const response = await server(new Request("https://app.example/", { headers: { cookie } }));
    return { ...(await response.json()), setCookie: response.headers.getSetCookie() };
  };
  return { sessions, moving, ledger, store, server, visit };
}

export const pairs = (lines: readonly string[]): string => lines.map((line) => line.split(";", 1)[0]).join("; ");

/** A character that differs in the highest of six bits, which every base64 decoder reads; the lowest of the last one, some do not. */
function another(character: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const at = alphabet.indexOf(character);
  return at === -1 ? "A" : String(alphabet[at ^ 32]);
}

/** Runs the same for each of them. */
export function describeFormats(formats: Readonly<Record<string, Make>>): void {
  describe.each(Object.entries(formats))("%s", (_, make) => {
    test("goes on as a session of ours: user, data and the end that it had", async () => {
      const old = await make(3600);
      const { visit, sessions } = deployed(old);
      const first = await visit(old.cookie);
      expect(first).toMatchObject({ userId: "ann", cart: ["A-1"] });
      expect(first.setCookie).toHaveLength(1);
      if (old.expiresAt !== undefined) expect(Math.abs(first.expiresAt - old.expiresAt)).toBeLessThan(120_000);
      const both = `${old.cookie}; ${pairs(first.setCookie)}`;
      expect(await visit(both)).toMatchObject({ userId: "ann", cart: ["A-1"], setCookie: [] });
      expect((await sessions.list("ann")).items).toHaveLength(1);
    });

    test("stays so after a rotation, and the old application takes it back after a roll-back", async () => {
      const old = await make(3600);
      const { server, visit } = deployed(old);
      const first = await visit(old.cookie);
      const rotated = await server(
        new Request("https://app.example/rotate", { headers: { cookie: `${old.cookie}; ${pairs(first.setCookie)}` } }),
      );
      const now = `${old.cookie}; ${pairs(rotated.headers.getSetCookie())}`;
      expect(await visit(now)).toMatchObject({ userId: "ann", cart: ["A-1"] });
      expect(await old.stillValid()).toBe(true);
    });

    test("is over with the logout: the old cookie is taken away, and a copy of it begins nothing", async () => {
      const old = await make(3600);
      const { server, visit, sessions } = deployed(old);
      const first = await visit(old.cookie);
      const headers = { cookie: `${old.cookie}; ${pairs(first.setCookie)}`, "sec-fetch-site": "same-origin" };
      const out = await server(new Request("https://app.example/logout", { headers }));
      const names = old.cookie.split("; ").map((pair) => pair.slice(0, pair.indexOf("=")));
      for (const name of names) {
        expect(
          out.headers.getSetCookie().some((line) => line.startsWith(`${name}=;`) && line.includes("Max-Age=0")),
        ).toBe(true);
      }
      expect(await visit(old.cookie)).toMatchObject({ userId: null, cart: null, setCookie: [] });
      expect((await sessions.list("ann")).items).toEqual([]);
    });

    test("begins nothing once its successor was revoked", async () => {
      const old = await make(3600);
      const { visit, sessions } = deployed(old);
      await visit(old.cookie);
      await sessions.revokeUser("ann");
      expect(await visit(old.cookie)).toMatchObject({ userId: null, setCookie: [] });
    });

    test("counts for all requests of one moment, and a minute later for no copy any more", async () => {
      const old = await make(3600);
      const { visit } = deployed(old);
      const seen = await Promise.all([visit(old.cookie), visit(old.cookie), visit(old.cookie)]);
      expect(seen.map(({ userId }) => userId)).toEqual(["ann", "ann", "ann"]);
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
      expect(await visit(old.cookie)).toMatchObject({ userId: null });
    });

    test("is refused when it is over, when it comes too late, and by a reader with another secret", async () => {
      const old = await make(3600);
      expect(await deployed({ reader: old.stranger }).visit(old.cookie)).toMatchObject({ userId: null, setCookie: [] });
      expect(await deployed(old, { until: new Date(Date.now() - 1) }).visit(old.cookie)).toMatchObject({
        userId: null,
      });
      if (old.expiresAt === undefined) return;
      vi.useFakeTimers({ toFake: ["Date"], now: old.expiresAt + 120_000 });
      expect(await deployed(old).visit(old.cookie)).toMatchObject({ userId: null, setCookie: [] });
    });

    test("spelled in another way it is the same session, and its copy begins nothing either", async () => {
      const old = await make(3600);
      const { visit, sessions } = deployed(old);
      expect((await visit(old.cookie)).userId).toBe("ann");
      await sessions.revokeUser("ann");
      const spellings = [
        old.cookie.replaceAll("-", "+").replaceAll("_", "/"),
        old.cookie.replace(/=([^;]*)/, '="$1"'),
        old.cookie.replace(/=(.)/, (_, first: string) => `=%${first.charCodeAt(0).toString(16)}`),
        `${old.cookie}=`,
      ];
      for (const cookie of spellings) expect(await visit(cookie)).toMatchObject({ userId: null, setCookie: [] });
    });

    test("is refused, and is no error, forged and truncated", async () => {
      const old = await make(3600);
      const { visit } = deployed(old);
      const start = old.cookie.indexOf("=") + 1;
      const end = old.cookie.includes("; ") ? old.cookie.indexOf("; ") : old.cookie.length;
      for (let at = start; at < end; at += 11) {
        const forged = old.cookie.slice(0, at) + another(old.cookie[at] ?? "") + old.cookie.slice(at + 1);
        expect((await visit(forged)).userId, forged).toBeNull();
        expect((await visit(old.cookie.slice(0, at))).userId).toBeNull();
      }
    });
  });
}
