/**
 * Faked here is Next's App Router, as far as a library sees it: `cookies()` gives one jar for each phase of a request (a sealed one to
 * components, whose `set` throws), decodes values as it reads them and encodes them as it sends; redirect() and notFound() throw a
 * digest; the cookies of an action are sent whether it returns, leaves or fails, and the render that follows has a jar with them.
 */
import { afterEach, describe, expect, it } from "vitest";
import { lazySessions } from "../../../src/adapters/adapter.ts";
import { type NextCookies, type NextHeaders, nextSession } from "../../../src/adapters/next.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { instrumentedStore } from "../../../src/testing/index.ts";

interface Data {
  count?: number;
}

const store = instrumentedStore(memoryStore());
const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const make = () => createSessions<Data>({ secrets, store: store.store });
const sessions = lazySessions(make, { name: "next.test" });

/** A browser with its cookies, and Next's request storage around what it asks for. */
class Browser implements NextHeaders {
  readonly kept = new Map<string, string>();
  readonly extra = new Map<string, string>();
  sets = 0;
  #jar: NextCookies = this.#makeJar(false);
  #method = "GET";

  cookies = async (): Promise<NextCookies> => this.#jar;

  headers = async (): Promise<{ get(name: string): string | null }> => ({
    get: (name) => this.extra.get(name) ?? (name === "host" ? "app.example" : this.#siteHeader(name)),
  });

  render<T>(component: () => T): T {
    this.#begin("GET", true);
    return component();
  }

  act<T>(action: () => T): T {
    this.#begin("POST", false);
    return action();
  }

  async route(handler: (request: Request) => Promise<Response>, init: RequestInit = {}): Promise<Response> {
    this.#begin(init.method ?? "GET", false);
    const headers = new Headers(init.headers);
    if (this.#method !== "GET" && !headers.has("sec-fetch-site")) headers.set("sec-fetch-site", "same-origin");
    headers.set("cookie", [...this.kept].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("; "));
    const response = await handler(new Request("https://app.example/api", { ...init, headers }));
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.kept.set(name, decodeURIComponent(value));
    }
    return response;
  }

  #begin(method: string, sealed: boolean): void {
    this.#method = method;
    this.#jar = this.#makeJar(sealed);
  }

  #makeJar(sealed: boolean): NextCookies {
    return {
      getAll: () => [...this.kept].map(([name, value]) => ({ name, value })),
      set: (name, value, { maxAge }) => {
        if (sealed) throw new Error("Cookies can only be modified in a Server Action or Route Handler.");
        this.sets++;
        if (maxAge === 0) this.kept.delete(name);
        else this.kept.set(name, value);
      },
    };
  }

  #siteHeader(name: string): string | null {
    return name === "sec-fetch-site" && this.#method === "POST" ? "same-origin" : null;
  }
}

const redirect = (to: string): never => {
  throw Object.assign(new Error("NEXT_REDIRECT"), { digest: `NEXT_REDIRECT;replace;${to};303;` });
};
const notFound = (): never => {
  throw Object.assign(new Error("NEXT_HTTP_ERROR_FALLBACK;404"), { digest: "NEXT_HTTP_ERROR_FALLBACK;404" });
};

function application() {
  const browser = new Browser();
  const next = nextSession(sessions, browser, { address: (headers) => headers.get("x-real-ip") ?? undefined });
  const login = next.sessionAction(async (session, name: string) => {
    await session.login(name);
    return redirect("/");
  });
  return { ...next, browser, login, user: async () => (await browser.render(next.getSession)).userId };
}

afterEach(() => store.restore());

describe("sessionAction()", () => {
  it("keeps a login that leaves by redirect(), which is thrown on, and the next render sees it", async () => {
    const { browser, login, user } = application();
    browser.extra.set("x-real-ip", "198.51.100.7");
    await expect(browser.act(() => login("ann"))).rejects.toMatchObject({ digest: "NEXT_REDIRECT;replace;/;303;" });
    expect(await user()).toBe("ann");
    expect((await sessions.list("ann")).items.at(-1)?.device?.network).toContain("198.51.100");
  });

  it("hands on its arguments and gives its result, and sets no cookie when there is nothing to say", async () => {
    const { browser, sessionAction } = application();
    const add = sessionAction((_session, a: number, b: number) => a + b);
    expect([await browser.act(() => add(1, 2)), browser.sets]).toEqual([3, 0]);
  });

  it("that fails saves nothing, but for the login that has taken effect", async () => {
    const { browser, sessionAction, getSession } = application();
    const fail = sessionAction(async (session) => {
      await session.login("bob");
      session.data.count = 99;
      throw new Error("no");
    });
    await expect(browser.act(fail)).rejects.toThrow("no");
    const session = await browser.render(getSession);
    expect([session.userId, session.data.count]).toEqual(["bob", undefined]);
  });

  it("has one session with getSession() inside of it", async () => {
    const { browser, sessionAction, getSession } = application();
    const same = sessionAction(async (session) => session === (await getSession()));
    expect(await browser.act(same)).toBe(true);
  });

  it("refuses a cross-site request, and throws when the store is down", async () => {
    const { browser, login, sessionAction } = application();
    await browser.act(() => login("ann")).catch(() => {});
    const nothing = sessionAction(() => "done");
    browser.extra.set("sec-fetch-site", "cross-site");
    await expect(browser.act(nothing)).rejects.toMatchObject({ code: "SOJOURN_CROSS_SITE" });
    browser.extra.clear();
    store.fail("get");
    await expect(browser.act(nothing)).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  });

  it("takes the cookie away at logout", async () => {
    const { browser, login, sessionAction, user } = application();
    await browser.act(() => login("ann")).catch(() => {});
    await browser.act(sessionAction((session) => session.logout()));
    expect([await user(), browser.kept.size]).toEqual([undefined, 0]);
  });
});

describe("getSession()", () => {
  it("is one object for a render, can be read and updated, and refuses what would need a cookie", async () => {
    const { browser, login, getSession } = application();
    await browser.act(() => login("ann")).catch(() => {});
    await browser.render(async () => {
      const session = await getSession();
      expect(await getSession()).toBe(session);
      expect(await session.update("count", (n = 0) => n + 1)).toBe(1);
      await expect(session.logout()).rejects.toMatchObject({ code: "SOJOURN_READ_ONLY" });
      expect(() => {
        session.data.count = 5;
      }).toThrow(expect.objectContaining({ code: "SOJOURN_READ_ONLY" }));
    });
  });

  it("is not misled by what another cookie's value decodes to", async () => {
    const { browser, login, user } = application();
    await browser.act(() => login("ann")).catch(() => {});
    const [[name, value]] = [...browser.kept] as [[string, string]];
    browser.kept.clear();
    browser.kept.set("other", `x; ${name}=${value}`);
    expect(await user()).toBeUndefined();
  });
});

describe("withSession()", () => {
  it("saves what a handler changed that leaves by redirect() or notFound()", async () => {
    const { browser, withSession, user } = application();
    const enter = withSession(async (session) => {
      await session.login("ann");
      return redirect("/me;a=b");
    });
    const answer = await browser.route(enter, { method: "POST" });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/me;a=b"]);
    expect(await user()).toBe("ann");
    const count = withSession((session) => {
      session.data.count = 1;
      return notFound();
    });
    expect((await browser.route(count, { method: "POST" })).status).toBe(404);
    const read = withSession((session) => Response.json(session.data));
    expect(await (await browser.route(read)).json()).toEqual({ count: 1 });
  });

  it("hands on Next's context, and has one session with getSession() inside of it", async () => {
    const { browser, withSession, getSession } = application();
    const handler = withSession(async (session, _request, { id }: { id: number }) =>
      Response.json([id, session === (await getSession())]),
    );
    expect(await (await browser.route((request) => handler(request, { id: 7 }))).json()).toEqual([7, true]);
  });

  it("refuses a cross-site request with 403", async () => {
    const { browser, login, withSession } = application();
    await browser.act(() => login("ann")).catch(() => {});
    const init = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
    expect(
      (
        await browser.route(
          withSession(() => new Response()),
          init,
        )
      ).status,
    ).toBe(403);
  });
});
