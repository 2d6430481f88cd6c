/**
 * What a log, a debugger or an error page shows of a session.
 */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { cookieTransport } from "../../../src/transport/cookie.ts";
import { headerTransport } from "../../../src/transport/header.ts";
import { MODES, openSite, SECRET } from "../../support/visitor.ts";

/** Every piece of a token that would help to guess it: any twelve characters in a row. */
function expectNone(text: string, secret: string): void {
  for (let at = 0; at + 12 <= secret.length; at++) expect(text).not.toContain(secret.slice(at, at + 12));
}

for (const mode of MODES) {
  describe(`in mode ${mode}`, () => {
    it("a session shown in any way gives away neither its token, nor its data, nor a key", async () => {
      const { visitor, sessions } = openSite({}, mode);
      const browser = visitor();
      await browser.visit(async (session) => {
        session.data.canary = "canary-of-the-data";
        await session.login("ann");
      });
      const session = await browser.open();
      expect([session.data.canary, session.userId]).toEqual(["canary-of-the-data", "ann"]);
      const shown = [
        inspect(session, { depth: 20, showHidden: true, getters: false }),
        JSON.stringify(session),
        JSON.stringify({ nested: [session] }),
        `${session}`,
        Object.entries(session).join(),
        inspect(sessions, { depth: 20, showHidden: true }),
        JSON.stringify(sessions),
      ].join("\n");
      expectNone(shown, (await browser.cookies()).split("=")[1] as string);
      expectNone(shown, SECRET.slice(3));
      expect(shown).not.toContain("canary-of-the-data");
      expect(JSON.parse(JSON.stringify(session))).toEqual({
        id: session.id,
        isNew: false,
        userId: "ann",
        createdAt: expect.any(Number),
        seenAt: expect.any(Number),
        expiresAt: expect.any(Number),
      });
    });

    it("events and errors hold ids, and no token and no data", async () => {
      const { visitor, sessions, events } = openSite(
        { transports: [cookieTransport({ chunks: 4 }), headerTransport()] },
        mode,
      );
      const browser = visitor();
      const errors: unknown[] = [];
      const keep = (error: unknown) => errors.push(error);
      await browser.visit(async (session) => {
        session.data.canary = "canary-of-the-data";
        await session.login("ann");
      });
      const tokens = [(await browser.cookies()).split("=")[1] as string];
      await browser.visit((session) => session.rotate());
      tokens.push((await browser.cookies()).split("=")[1] as string);
      for (const token of tokens) {
        const headers = { cookie: `__Host-Http-session=${token}x`, authorization: `Bearer ${token}` };
        await sessions.open(new Request("https://app.example/", { headers })).catch(keep);
      }
      await browser.visit(async (session) => {
        session.data.bad = new Map([["canary-of-the-data", 1]]);
        await session.login("ann").catch(keep);
        session.data.bad = "canary-of-the-data".repeat(1_000);
        await session.login("ann").catch(keep);
        delete session.data.bad;
        await session.login("canary-of-the-data".repeat(30)).catch(keep);
        await session.destroy();
        await session.login("ann").catch(keep);
      });
      expect(errors.length).toBeGreaterThan(2);
      const shown = inspect([events, errors], { depth: 20 });
      for (const token of tokens) expectNone(shown, token);
      expect(shown).not.toContain("canary-of-the-data");
    });
  });
}
