/**
 * Faked here is SvelteKit's server, as far as hooks see it: `resolve` gives a Response for whatever an endpoint throws, adds
 * `event.cookies` to it and closes them; what a hook throws becomes a redirect with cookies, or an error page without;
 * `event.fetch` runs the hooks again with locals of their own and the client's cookies, and redirects of data requests are JSON.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type KitEvent, type KitHandle, sessionHandle } from "../../../src/adapters/sveltekit.ts";
import { createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { instrumentedStore } from "../../../src/testing/index.ts";
import { Client } from "../../support/client.ts";

interface Data {
  count?: number;
}

interface Event extends KitEvent {
  readonly locals: { session: Session<Data> };
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

type Endpoint = (event: Event) => Response | Promise<Response>;

class Redirect {
  readonly status: number;
  readonly location: string;
  constructor(status: number, location: string) {
    this.status = status;
    this.location = location;
  }
}

class HttpError {
  readonly status: number;
  readonly body: { readonly message: string };
  constructor(status: number, message: string) {
    this.status = status;
    this.body = { message };
  }
}

const withCookies = (response: Response, lines: readonly string[]): Response => {
  for (const line of lines) response.headers.append("set-cookie", line);
  return response;
};

const answerTo = (thrown: unknown, path: string, lines: readonly string[]): Response => {
  if (thrown instanceof HttpError) return new Response(`page: ${thrown.body.message}`, { status: thrown.status });
  if (!(thrown instanceof Redirect)) return new Response("page: Internal Error", { status: 500 });
  if (path.endsWith("/__data.json"))
    return withCookies(Response.json({ type: "redirect", location: thrown.location }), lines);
  return withCookies(new Response(null, { status: thrown.status, headers: { location: thrown.location } }), lines);
};

function kit(handle: KitHandle, endpoints: Record<string, Endpoint>, guard: Endpoint = async () => new Response()) {
  async function respond(request: Request, isSubRequest = false): Promise<Response> {
    const path = new URL(request.url).pathname;
    const lines: string[] = [];
    let open = true;
    const event: Event = {
      request,
      isSubRequest,
      locals: {} as Event["locals"],
      cookies: {
        set(name, value, { path: where, encode }) {
          if (!open) throw new Error("Cannot use `cookies.set(...)` after the response has been generated");
          lines.push(`${name}=${encode(value)}; Path=${where}; Secure; HttpOnly; SameSite=Lax`);
        },
      },
      getClientAddress: () => "198.51.100.7",
      async fetch(to, init = {}) {
        const headers = new Headers(init.headers);
        if (init.credentials !== "omit") headers.set("cookie", request.headers.get("cookie") ?? "");
        return respond(new Request(new URL(to, request.url), { ...init, headers }), true);
      },
    };
    const resolve = async (): Promise<Response> => {
      try {
        const endpoint = endpoints[path.replace("/__data.json", "")];
        const response = endpoint ? await endpoint(event) : new Response("page: Not found", { status: 404 });
        return withCookies(response, lines);
      } catch (thrown) {
        return answerTo(thrown, path, lines);
      } finally {
        open = false;
      }
    };
    try {
      const response = await handle({
        event,
        resolve: async () => {
          const guarded = await guard(event);
          return guarded.status === 200 ? resolve() : guarded;
        },
      });
      const location = response.headers.get("location");
      return location !== null && path.endsWith("/__data.json")
        ? Response.json({ type: "redirect", location })
        : response;
    } catch (thrown) {
      return answerTo(thrown, path, lines);
    }
  }
  return respond;
}

const store = instrumentedStore(memoryStore());
const sessions = createSessions<Data>({
  secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc",
  store: store.store,
});
const endpoints: Record<string, Endpoint> = {
  "/me": ({ locals: { session } }) => Response.json({ user: session.userId, count: session.data.count }),
  "/login": async ({ locals: { session } }) => {
    await session.login("ann");
    throw new Redirect(303, "/me");
  },
  "/count": ({ locals: { session } }) => {
    session.data.count = (session.data.count ?? 0) + 1;
    return new Response(String(session.data.count));
  },
  "/fail": ({ locals: { session } }) => {
    session.data.count = 99;
    throw new Error("no");
  },
  "/twice": async ({ locals: { session }, fetch }) => {
    session.data.count = 10;
    return fetch("/count");
  },
  "/stranger": ({ fetch }) => fetch("/me", { credentials: "omit" }),
};
const client = (guard?: Endpoint): Client => new Client(kit(sessionHandle(sessions), endpoints, guard));
const POST = { method: "POST" };

afterEach(() => {
  vi.restoreAllMocks();
  store.restore();
});

describe("sessionHandle()", () => {
  it("sets nothing for a reader, saves what changes, and gives it to the next request", async () => {
    const ann = client();
    expect((await ann.fetch("/me")).headers.getSetCookie()).toEqual([]);
    await ann.fetch("/count", POST);
    expect(await (await ann.fetch("/count", POST)).text()).toBe("2");
  });

  it("keeps a login whose endpoint leaves by redirect(), and records the address", async () => {
    const ann = client();
    const answer = await ann.fetch("/login", POST);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/me"]);
    expect(await (await ann.fetch("/me")).json()).toEqual({ user: "ann" });
    expect((await sessions.list("ann")).items[0]?.device?.network).toContain("198.51.100");
  });

  it("saves nothing of a request that fails", async () => {
    const ann = client();
    await ann.fetch("/count", POST);
    expect((await ann.fetch("/fail", POST)).status).toBe(500);
    expect(await (await ann.fetch("/me")).json()).toEqual({ count: 1 });
  });

  it("gives sub-requests of event.fetch the session that asks, and one cookie", async () => {
    const ann = client();
    const answer = await ann.fetch("/twice", POST);
    expect([await answer.text(), answer.headers.getSetCookie().length]).toEqual(["11", 1]);
    expect(await (await ann.fetch("/me")).json()).toEqual({ count: 11 });
  });

  it("gives a sub-request without the client's cookies a session of its own", async () => {
    const ann = client();
    await ann.fetch("/login", POST);
    expect(await (await ann.fetch("/stranger")).json()).toEqual({});
  });

  it.each(["/me", "/me/__data.json"])(
    "hands a redirect() of a later hook to SvelteKit with the cookie, for %s",
    async (path) => {
      let away = true;
      const ann = client(async ({ locals: { session } }) => {
        if (!away) return new Response();
        await session.login("ann");
        throw new Redirect(303, "/welcome");
      });
      const answer = await ann.fetch(path);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      if (path.endsWith(".json")) expect(await answer.json()).toEqual({ type: "redirect", location: "/welcome" });
      else expect([answer.status, answer.headers.get("location")]).toEqual([303, "/welcome"]);
      away = false;
      expect(await (await ann.fetch("/me")).json()).toEqual({ user: "ann" });
    },
  );

  it("leaves the page of an error() to SvelteKit, unless it would lose a cookie", async () => {
    const plain = client(() => {
      throw new HttpError(401, "Log in first");
    });
    expect(await (await plain.fetch("/me")).text()).toBe("page: Log in first");
    const telling = client(async ({ locals: { session } }) => {
      await session.login("ann");
      throw new HttpError(403, "Not you");
    });
    const answer = await telling.fetch("/me");
    expect([answer.status, await answer.text(), answer.headers.getSetCookie().length]).toEqual([403, "Not you\n", 1]);
  });

  it("puts the cookie on a redirect that is thrown when SvelteKit takes no cookies any more", async () => {
    const handle = sessionHandle(sessions);
    const late: KitHandle = ({ event, resolve }) =>
      handle({
        event,
        async resolve(inner) {
          await resolve(inner);
          throw new Redirect(303, "/late");
        },
      });
    const answer = await new Client(kit(late, endpoints)).fetch("/count", POST);
    expect([answer.status, answer.headers.getSetCookie().length]).toEqual([303, 1]);
  });

  it("refuses a cross-site request with 403, and answers 503 while the store is down", async () => {
    const ann = client();
    await ann.fetch("/login", POST);
    const foreign = await ann.fetch("/count", { ...POST, headers: { "sec-fetch-site": "cross-site" } });
    expect([foreign.status, foreign.headers.getSetCookie()]).toEqual([403, []]);
    store.fail("get");
    const down = await ann.fetch("/me");
    expect([down.status, down.headers.get("retry-after"), down.headers.getSetCookie()]).toEqual([503, "1", []]);
  });

  it("opens nothing while pages are prerendered", async () => {
    const seen: unknown[] = [];
    const handle = sessionHandle(sessions, { building: true });
    await new Client(kit(handle, { "/": ({ locals }) => new Response(String(seen.push(locals.session))) })).fetch("/");
    expect(seen).toEqual([undefined]);
  });

  it("gives the session the name that it is told, and asks onError for refusals", async () => {
    const handle = sessionHandle(sessions, { local: "s", onError: () => new Response("down", { status: 503 }) });
    const ann = new Client(kit(handle, { "/": ({ locals }) => new Response(Object.keys(locals).join()) }));
    expect(await (await ann.fetch("/")).text()).toBe("s");
    const foreign = { ...POST, headers: { "sec-fetch-site": "cross-site" } };
    expect(await (await ann.fetch("/", foreign)).text()).toBe("down");
  });
});
