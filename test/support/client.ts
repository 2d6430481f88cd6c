/** A browser's cookie jar for one origin, over `sessions.handle`. */
import { CookieJar } from "tough-cookie";

export type Server = (request: Request) => Promise<Response>;

const ORIGIN = "https://app.example";

export class Client {
  readonly jar: CookieJar = new CookieJar(undefined, { prefixSecurity: "strict" });
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Sends the cookies as they are now, and keeps those of the response. */
  async fetch(path = "/", init: RequestInit = {}): Promise<Response> {
    return this.keep(await this.send(path, init));
  }

  /** Sends the cookies as they are now; the response's cookies are kept only by `keep`, when the test says that it arrives. */
  async send(path = "/", init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookie = await this.jar.getCookieString(ORIGIN + path);
    if (cookie && !headers.has("cookie")) headers.set("cookie", cookie);
    if (init.method && init.method !== "GET" && !headers.has("sec-fetch-site"))
      headers.set("sec-fetch-site", "same-origin");
    return this.#server(new Request(ORIGIN + path, { ...init, headers }));
  }

  async keep(response: Response): Promise<Response> {
    for (const line of response.headers.getSetCookie()) await this.jar.setCookie(line, ORIGIN);
    return response;
  }

  /** The Cookie header that the next request would carry. */
  async cookies(): Promise<string> {
    return this.jar.getCookieString(ORIGIN);
  }

  /** Another client with the same cookies: a thief, or a second tab whose answers get lost. */
  async clone(): Promise<Client> {
    const copy = new Client(this.#server);
    for (const cookie of await this.jar.getCookies(ORIGIN)) await copy.jar.setCookie(cookie.toString(), ORIGIN);
    return copy;
  }
}

/** Something that a test holds shut until it lets everybody through. */
export interface Gate {
  readonly arrived: Promise<void>;
  pass(): Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = (): void => {};
  let arrive = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return {
    arrived,
    open,
    pass() {
      arrive();
      return opened;
    },
  };
}
