/**
 * What a browser adds to the requests of a page and test clients (supertest, inject, fetch) do not: cookies that came
 * earlier, `Secure` ones over plain HTTP too, and where the request comes from.
 */

/** A response as fetch, supertest or light-my-request give it, as far as its cookies are. */
export interface CookieResponse {
  readonly headers: { getSetCookie(): string[] } | { readonly [name: string]: unknown };
}

/** One visitor of an application under test. */
export interface TestBrowser {
  /**
   * The headers of this visitor's next request: `cookie`, and `sec-fetch-site: same-origin`, as from a page of the
   * application.
   */
  headers(): Record<string, string>;
  /** Keeps the cookies of a response, and answers with it. */
  keep<Response extends CookieResponse>(response: Response): Response;
  /** The value of a cookie, undefined when there is none of that name. */
  cookie(name: string): string | undefined;
}

/**
 * A visitor with cookies of their own, for the test client at hand. Without it an unsafe request that has a session and
 * no `Origin` is refused for lack of a token, as it should be.
 *
 * @example
 * ```ts
 * import { testBrowser } from "sojourn/testing";
 *
 * const ann = testBrowser();
 * const send = (path: string, method = "GET") =>
 *   sessions.handle(new Request(`https://app.example${path}`, { method, headers: ann.headers() }), async (session) => {
 *     if (method === "POST") await session.login("ann");
 *     return new Response(session.userId ?? "nobody");
 *   });
 * ann.keep(await send("/login", "POST")); // with supertest: ann.keep(await request(app).post("/login").set(ann.headers()))
 * await (await send("/")).text(); // → "ann"
 * ```
 */
export function testBrowser(): TestBrowser {
  const cookies = new Map<string, string>();
  return {
    headers() {
      const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join("; ");
      return { "sec-fetch-site": "same-origin", ...(cookie !== "" && { cookie }) };
    },
    keep(response) {
      for (const line of linesOf(response)) {
        const [, name = "", value = "", rest = ""] = /^([^=;]+)=([^;]*)(.*)$/s.exec(line) ?? [];
        if (value === "" || /;\s*max-age=0\b/i.test(rest)) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    },
    cookie: (name) => cookies.get(name),
  };
}

function linesOf({ headers }: CookieResponse): readonly string[] {
  if (typeof headers.getSetCookie === "function") return headers.getSetCookie() as string[];
  const lines = (headers as { readonly [name: string]: unknown })["set-cookie"] ?? [];
  return (Array.isArray(lines) ? lines : [lines]) as string[];
}
