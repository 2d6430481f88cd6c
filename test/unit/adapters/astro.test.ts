/**
 * Faked here is Astro, as far as a middleware sees it: one `locals` for a request, also when a rewrite runs the middleware
 * again; an address that cannot be read while pages are prerendered; a thrown error that becomes a page without cookies.
 */
import { expect, it } from "vitest";
import { type AstroContext, astroSession } from "../../../src/adapters/astro.ts";
import { createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { Client } from "../../support/client.ts";

interface Data {
  count?: number;
}
interface Context extends AstroContext {
  readonly locals: { session?: Session<Data> };
}

const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

function site(page: (session: Session<Data>, path: string, rewrite: () => Promise<Response>) => Promise<Response>) {
  const sessions = createSessions<Data>({ secrets, store: memoryStore() });
  const middleware = astroSession(sessions);
  const client = new Client(async (request) => {
    const context: Context = { request, locals: {}, isPrerendered: false, clientAddress: "198.51.100.7" };
    const next = (path: string): Promise<Response> =>
      page(context.locals.session as Session<Data>, path, () => middleware(context, () => next("/rewritten")));
    return middleware(context, () => next(new URL(request.url).pathname)).catch(
      () => new Response("Astro's error page", { status: 500 }),
    );
  });
  return { sessions, client, middleware };
}

it("saves what a page changed, and keeps the session over a rewrite", async () => {
  const { client, sessions } = site(async (session, path, rewrite) => {
    if (path === "/login") await session.login("ann");
    if (path === "/login") return rewrite();
    session.data.count = (session.data.count ?? 0) + 1;
    return Response.json({ user: session.userId, count: session.data.count });
  });
  const answer = await client.fetch("/login", { method: "POST" });
  expect(await answer.json()).toEqual({ user: "ann", count: 1 });
  expect(answer.headers.getSetCookie()).toHaveLength(1);
  expect(await (await client.fetch("/")).json()).toEqual({ user: "ann", count: 2 });
  expect((await sessions.list("ann")).items[0]?.device?.network).toContain("198.51.100");
});

it("tells the client of a login though a page throws after it, and leaves other errors to Astro", async () => {
  const { client } = site(async (session, path) => {
    if (path === "/login") await session.login("ann");
    session.data.count = 99;
    if (path !== "/") throw new Error("no");
    return Response.json({ user: session.userId });
  });
  expect(await (await client.fetch("/error")).text()).toBe("Astro's error page");
  const answer = await client.fetch("/login", { method: "POST" });
  expect([answer.status, answer.headers.getSetCookie().length]).toEqual([500, 1]);
  expect(await (await client.fetch("/")).json()).toEqual({ user: "ann" });
});

it("refuses a cross-site request, and leaves prerendered pages alone", async () => {
  const { client, middleware } = site(async () => new Response("page"));
  expect((await client.fetch("/", { method: "POST", headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
  const context = {
    request: new Request("https://app.example/"),
    locals: {},
    isPrerendered: true,
    get clientAddress(): string {
      throw new Error("not while prerendering");
    },
  };
  expect(await (await middleware(context, async () => new Response("static"))).text()).toBe("static");
  expect(context.locals).toEqual({});
});
