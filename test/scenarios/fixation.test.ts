/**
 * Session fixation and cookie tossing: a value that somebody else put into the browser.
 */
import { describe, expect, it } from "vitest";
import { MODES, openSite, requestWith, type Visitor } from "../support/visitor.ts";

const NAME = "__Host-Http-session";

const userOf = async (visitor: Visitor): Promise<string | undefined> =>
  (await visitor.visit((session) => session.userId)).value;

for (const mode of MODES) {
  describe(`fixation in mode ${mode}`, () => {
    it("a planted anonymous session is worth nothing once the victim has logged in", async () => {
      const { visitor } = openSite({}, mode);
      const attacker = visitor();
      await attacker.visit((session) => {
        session.data.planted = true;
      });
      const victim = await attacker.copy();
      await victim.visit((session) => session.login("ann"));
      expect(await userOf(victim)).toBe("ann");
      expect(await userOf(attacker)).toBeUndefined();
    });

    it("a made-up id never becomes a session", async () => {
      const { sessions, instrument, inner } = openSite({}, mode);
      for (const length of [0, 18, 39, 43, 52, 52]) {
        const planted = Buffer.alloc(length, 7).toString("base64url");
        const session = await sessions.open(requestWith(`${NAME}=${planted}`));
        session.data.a = 1;
        const { id } = session;
        const [cookie] = (await sessions.commit(session)).filter(({ name }) => name === "set-cookie");
        expect(cookie?.value).not.toContain(`=${planted};`);
        if (mode !== "stateless") expect(await inner.get(id)).not.toBeNull();
      }
      expect(instrument.calls.get).toBe(0);
    });

    it("among several cookies of the name the one that verifies counts, in any order", async () => {
      const { visitor, sessions, events } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const good = await browser.cookies();
      for (const bad of ["x", "", "A".repeat(52), `${good.split("=")[1]}A`, "a;b"]) {
        for (const cookie of [`${NAME}=${bad}; ${good}`, `${good}; ${NAME}=${bad}`, `${good}; ${good}`]) {
          expect((await sessions.open(requestWith(cookie))).userId).toBe("ann");
        }
      }
      expect(events.filter(({ type }) => type === "rejected")).toEqual([]);
    });

    it("two that verify to different sessions are both refused, and both live on", async () => {
      const { visitor, sessions, events } = openSite({}, mode);
      const [ann, eve] = [visitor(), visitor()];
      await ann.visit((session) => session.login("ann"));
      await eve.visit((session) => session.login("eve"));
      for (const cookies of [
        [await ann.cookies(), await eve.cookies()],
        [await eve.cookies(), await ann.cookies()],
      ]) {
        const session = await sessions.open(requestWith(cookies.join("; ")));
        expect([session.userId, session.isNew]).toEqual([undefined, true]);
        expect(await sessions.commit(session)).not.toContainEqual(expect.objectContaining({ name: "set-cookie" }));
        expect(events.at(-1)).toEqual({ type: "rejected", id: undefined, reason: "ambiguous" });
      }
      expect([await userOf(ann), await userOf(eve)]).toEqual(["ann", "eve"]);
    });

    it("names that look like ours are not ours", async () => {
      const { visitor, sessions } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const value = (await browser.cookies()).split("=")[1];
      const names = [
        NAME.toLowerCase(),
        NAME.toUpperCase(),
        `x${NAME}`,
        `${NAME}x`,
        `\u00a0${NAME}`,
        `"${NAME}"`,
        `$Version=1; $${NAME}`,
        `=${NAME}`,
        `other=1, ${NAME}`,
        "__Host-session",
      ];
      for (const name of names) {
        const header = `${name}=${value}`;
        const source = {
          method: "GET",
          url: "/",
          header: (asked: string) => (asked === "cookie" ? header : undefined),
        };
        expect((await sessions.open(source)).userId).toBeUndefined();
      }
    });
  });
}

describe("an id outside of its cookie", () => {
  it("in the query, the path, another header or the body is ignored", async () => {
    const { visitor, sessions } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const cookie = await browser.cookies();
    const value = cookie.split("=")[1];
    const places = [
      new Request(`https://app.example/?sid=${value}&${cookie}`),
      new Request(`https://app.example/;${cookie}`),
      new Request("https://app.example/", { headers: { authorization: `Bearer ${value}`, "x-session": `${value}` } }),
      new Request("https://app.example/", { method: "POST", body: new URLSearchParams({ [NAME]: `${value}` }) }),
    ];
    for (const request of places) expect((await sessions.open(request)).userId).toBeUndefined();
  });
});
