/** The middleware with React Router's provider, and the SessionStorage; test/examples has both in the real React Router. */
import { describe, expect, it } from "vitest";
import { getSession, sessionMiddleware, sessionStorage } from "../../../src/adapters/react-router.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { Client } from "../../support/client.ts";

interface Data {
  count?: number;
  theme?: string;
  notice?: string;
}

const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const open = () => createSessions<Data>({ secrets, store: memoryStore() });
const pairOf = (cookie: string): string => cookie.split(";")[0] ?? "";

describe("sessionMiddleware()", () => {
  const sessions = open();
  const middleware = sessionMiddleware(sessions, { address: () => "198.51.100.7" });
  const client = new Client((request) => {
    const context = {};
    return middleware({ request, context }, async () => {
      const session = getSession(sessions, context);
      const { pathname } = new URL(request.url);
      if (pathname === "/login") await session.login("ann");
      if (pathname === "/login") throw new Response(null, { status: 302, headers: { location: "/" } });
      if (pathname === "/missing") {
        session.data.theme = "dark";
        throw { type: "DataWithResponseInit", data: "no", init: { status: 404 } };
      }
      if (pathname === "/failed") {
        session.data.count = 99;
        return new Response("error page", { status: 500 });
      }
      return Response.json({ user: session.userId, ...session.data });
    });
  });

  it("keeps a login that leaves by a thrown redirect, and what leaves by a thrown 404", async () => {
    expect((await client.fetch("/login", { method: "POST" })).status).toBe(302);
    expect((await client.fetch("/missing")).status).toBe(404);
    expect(await (await client.fetch("/")).json()).toEqual({ user: "ann", theme: "dark" });
    expect((await sessions.list("ann")).items[0]?.device?.network).toContain("198.51.100");
  });

  it("saves nothing of a request that ended on an error page", async () => {
    expect((await client.fetch("/failed")).status).toBe(500);
    expect(await (await client.fetch("/")).json()).toEqual({ user: "ann", theme: "dark" });
  });

  it("refuses a cross-site request", async () => {
    expect((await client.fetch("/", { method: "POST", headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
  });

  it("says what is missing where it has not run", () => {
    expect(() => getSession(sessions, {})).toThrow(expect.objectContaining({ code: "SOJOURN_UNSUPPORTED" }));
  });
});

describe("sessionStorage()", () => {
  it("gets, sets, unsets and flashes, logs in under another id, and destroys", async () => {
    const { getSession: get, commitSession, destroySession } = sessionStorage(open());
    const first = await get(null);
    expect([first.id, await commitSession(first)]).toEqual(["", ""]);
    const second = await get(null);
    second.set("theme", "dark");
    second.set("count", 1);
    second.unset("count");
    second.flash("notice", "Saved.");
    const cookie = pairOf(await commitSession(second));

    const third = await get(cookie);
    expect([third.id !== "", third.get("theme"), third.has("count"), third.has("notice")]).toEqual([
      true,
      "dark",
      false,
      true,
    ]);
    expect([third.get("notice"), third.get("notice")]).toEqual(["Saved.", undefined]);
    await third.session.login("ann");
    const renewed = pairOf(await commitSession(third));
    expect(renewed).not.toBe(cookie);
    expect((await get(cookie)).session.userId).toBeUndefined();

    const last = await get(renewed);
    expect([last.session.userId, last.has("notice")]).toEqual(["ann", false]);
    expect(await destroySession(last)).toContain("Max-Age=0");
    expect((await get(renewed)).session.userId).toBeUndefined();
  });

  it("keeps a message that a page has not read for the next one", async () => {
    const { getSession: get, commitSession } = sessionStorage(open());
    const first = await get(null);
    first.flash("notice", "Saved.");
    const cookie = pairOf(await commitSession(first));
    const second = await get(cookie);
    expect(second.get("theme")).toBeUndefined();
    await commitSession(second);
    expect((await get(cookie)).get("notice")).toBe("Saved.");
  });

  it("says that one cookie is not enough", async () => {
    const { getSession: get, commitSession } = sessionStorage(
      createSessions<Data>({ secrets, data: "cookie", cookie: { chunks: 4 } }),
    );
    const session = await get(null);
    session.set("theme", "x".repeat(6_000));
    await expect(commitSession(session)).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
  });
});
