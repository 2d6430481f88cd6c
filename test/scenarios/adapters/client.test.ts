/** The browser's half against a real server: two tabs of one browser, and a logout in one that the other hears of. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CookieJar } from "tough-cookie";
import { afterEach, expect, it } from "vitest";
import { nodeSessionEndpoint } from "../../../src/adapters/endpoint.ts";
import { withSession } from "../../../src/adapters/node.ts";
import { type SessionClient, sessionClient } from "../../../src/client/index.ts";
import type { EventSourceLike } from "../../../src/client/platform.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { SECRET } from "../../support/visitor.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server with the endpoint at /session; every POST, such as /enter and /leave, needs a token. */
async function serve(): Promise<string> {
  const sessions = createSessions({
    store: memoryStore(),
    secrets: SECRET,
    cookie: { insecure: true },
    csrf: { tokens: "always" },
  });
  const endpoint = nodeSessionEndpoint(sessions);
  const application = withSession(sessions, async (req, res, session) => {
    if (req.url === "/enter") await session.login("ann");
    if (req.url === "/leave") await session.logout();
    res.end("done");
  });
  const server = createServer((req, res) =>
    req.url?.startsWith("/session") ? endpoint(req, res) : application(req, res),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `fetch` of a browser: with its cookies, and with what it says about where requests come from. */
function browserFetch(origin: string, jar: CookieJar): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(String(input), origin).href;
    const headers = new Headers(init.headers);
    headers.set("cookie", await jar.getCookieString(url));
    headers.set("sec-fetch-site", "same-origin");
    const response = await fetch(url, { ...init, headers });
    for (const line of response.headers.getSetCookie()) await jar.setCookie(line, url);
    return response;
  };
}

/** `EventSource` over it. */
function eventSourceOf(send: typeof fetch): new (url: string) => EventSourceLike {
  return class implements EventSourceLike {
    readyState = 0;
    onerror: ((event: never) => void) | null = null;
    readonly #gone = new AbortController();
    readonly #listeners = new Map<string, (event: { readonly data: string }) => void>();

    constructor(url: string) {
      closing.push(() => this.close());
      void this.#read(url).catch(() => {});
    }

    addEventListener(type: string, listener: (event: { readonly data: string }) => void): void {
      this.#listeners.set(type, listener);
    }

    close(): void {
      this.readyState = 2;
      this.#gone.abort();
    }

    async #read(url: string): Promise<void> {
      const response = await send(url, { headers: { accept: "text/event-stream" }, signal: this.#gone.signal });
      const { body } = response;
      if (response.status !== 200 || !body) {
        this.readyState = 2;
        this.onerror?.(undefined as never);
        return;
      }
      let text = "";
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          const [, type = "", data = ""] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
          this.#listeners.get(type)?.({ data });
        }
      }
    }
  };
}

function tab(origin: string, send: typeof fetch): SessionClient {
  const platform = { fetch: send, href: `${origin}/`, EventSource: eventSourceOf(send), BroadcastChannel: undefined };
  const client = sessionClient({ platform: { ...platform, locks: undefined } });
  closing.push(client.close);
  return client;
}

it("a logout in one tab is heard in the other over the server alone", async () => {
  const origin = await serve();
  const send = browserFetch(origin, new CookieJar());
  const [one, other] = [tab(origin, send), tab(origin, send)];
  await expect.poll(() => [one.get().status, other.get().status]).toEqual(["anonymous", "anonymous"]);

  expect((await send("/enter", { method: "POST" })).status).toBe(403);
  expect((await one.fetch("/enter", { method: "POST" })).status).toBe(200);
  expect(await one.refresh()).toMatchObject({ status: "user", userId: "ann", endsBy: "idle" });
  expect((await other.refresh()).userId).toBe("ann");
  expect(await other.keepAlive()).toMatchObject({ status: "user" });

  expect((await one.fetch("/leave", { method: "POST" })).status).toBe(200);
  await expect.poll(() => other.get().status).toBe("anonymous");
  expect((await one.refresh()).status).toBe("anonymous");
});
