/** Faked here is TanStack Start, as far as a request middleware sees it: `next` gives a result with a Response, or throws. */
import { expect, it } from "vitest";
import { startSession } from "../../../src/adapters/tanstack-start.ts";
import { createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { Client } from "../../support/client.ts";

interface Data {
  count?: number;
}

const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

function site(application: (session: Session<Data>, path: string) => Promise<Response>) {
  const sessions = createSessions<Data>({ secrets, store: memoryStore() });
  const server = startSession(sessions, { address: () => "198.51.100.7" });
  const client = new Client((request) =>
    server({
      request,
      next: async ({ context }) => ({ response: await application(context.session, new URL(request.url).pathname) }),
    }).catch(() => new Response("Start's error page", { status: 500 })),
  );
  return { sessions, client };
}

it("puts the session into the context, and saves what was changed", async () => {
  const { client, sessions } = site(async (session, path) => {
    if (path === "/login") await session.login("ann");
    else session.data.count = (session.data.count ?? 0) + 1;
    return Response.json({ user: session.userId, count: session.data.count });
  });
  await client.fetch("/login", { method: "POST" });
  await client.fetch("/");
  expect(await (await client.fetch("/")).json()).toEqual({ user: "ann", count: 2 });
  expect((await sessions.list("ann")).items[0]?.device?.network).toContain("198.51.100");
});

it("keeps a login that leaves by a thrown Response, and tells the client of one that an error followed", async () => {
  const { client } = site(async (session, path) => {
    if (path === "/") return Response.json({ user: session.userId });
    await session.login(path.slice(1));
    if (path === "/ann") throw new Response(null, { status: 303, headers: { location: "/" } });
    throw new Error("no");
  });
  expect((await client.fetch("/ann", { method: "POST" })).status).toBe(303);
  expect(await (await client.fetch("/")).json()).toEqual({ user: "ann" });
  const answer = await client.fetch("/ben", { method: "POST" });
  expect([answer.status, answer.headers.getSetCookie().length]).toEqual([500, 1]);
  expect(await (await client.fetch("/")).json()).toEqual({ user: "ben" });
});

it("refuses a cross-site request", async () => {
  const { client } = site(async () => new Response());
  expect((await client.fetch("/", { method: "POST", headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
});

it("hands on what Start put on its redirects, returned or thrown, beside the cookie", async () => {
  const { sessions } = site(() => Promise.resolve(new Response()));
  const mark = Symbol.for("tanstack-start:protected-response-headers");
  for (const leave of [(redirect: Response) => redirect, (redirect: Response) => Promise.reject(redirect)]) {
    const options = { to: "/", statusCode: 303 };
    const redirect = Object.assign(new Response(null, { status: 303 }), { options, [mark]: "kept" });
    const answer = await startSession(sessions)({
      request: new Request("https://app.example/login", {
        method: "POST",
        headers: { "sec-fetch-site": "same-origin" },
      }),
      next: async ({ context: { session } }) => {
        await session.login("ann");
        return { response: await leave(redirect) };
      },
    });
    expect(answer).toMatchObject({ status: 303, options, [mark]: "kept" });
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(redirect.headers.getSetCookie()).toEqual([]);
  }
});
