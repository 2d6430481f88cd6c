import { describe, expect, it } from "vitest";
import { cookieTransport } from "../../../src/transport/cookie.ts";
import { urlTransport } from "../../../src/transport/url.ts";
import { openSite } from "../../support/visitor.ts";

const transports = [cookieTransport(), urlTransport()] as const;

describe("link()", () => {
  it("carries the session to a client without cookies, which gets none, and sends no Referer on", async () => {
    const { sessions, visitor } = openSite({ transports });
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value: href } = await browser.visit((session) => sessions.link(session, "/report.pdf?a=1"));
    const response = await sessions.handle(
      new Request(`https://app.example${href}`),
      () => new Response("not looked at"),
    );
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    const session = await sessions.open(new Request(`https://app.example${href}`));
    expect(session.userId).toBe("ann");
    const headers = await sessions.commit(session);
    expect(headers.filter(({ name }) => name === "set-cookie")).toEqual([]);
    expect(headers).toContainEqual({ op: "set", name: "referrer-policy", value: "no-referrer" });
  });

  it("counts for its address and its time only, and not as a bare token", async () => {
    const { sessions, visitor, clock, events } = openSite({ transports, idle: "1d" });
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value: href } = await browser.visit((session) =>
      sessions.link(session, "/report.pdf", { expiresIn: "1m" }),
    );
    const token = (await browser.cookies()).split("=")[1];
    const changed = [
      href.replace("report", "secret"),
      `/report.pdf?sid=${token}`,
      href.replace(/sig=.*/, ""),
      `${href}&b=1`,
    ];
    for (const other of changed) {
      expect((await sessions.open(new Request(`https://app.example${other}`))).userId).toBeUndefined();
      expect(events.at(-1)).toMatchObject({ type: "rejected", reason: "link" });
    }
    clock.advance(60_000);
    expect((await sessions.open(new Request(`https://app.example${href}`))).userId).toBeUndefined();
  });

  it("of a session that was reached by its id is refused, and without the transport too", async () => {
    const { sessions, visitor } = openSite({ transports });
    const browser = visitor();
    const { value: id } = await browser.visit(async (session) => {
      await session.login("ann");
      return session.id;
    });
    const found = await sessions.get(id);
    if (!found) throw new Error("the session must be there");
    await expect(sessions.link(found, "/")).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
    const plain = openSite();
    await expect(plain.sessions.link(await plain.visitor().open(), "/")).rejects.toMatchObject({
      code: "SOJOURN_UNSUPPORTED",
    });
  });
});
