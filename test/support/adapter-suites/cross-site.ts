/** Who may change something, whichever adapter is asked: the table of Go's CrossOriginProtection. */
import { afterEach, describe, expect, it } from "vitest";
import { type AllSessions, createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { Adapter, Data, Running } from "../adapters.ts";
import { Client } from "../client.ts";
import { Wire } from "../sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const ORIGIN = "https://app.example";

interface Row {
  readonly method?: string;
  readonly headers: Record<string, string>;
  /** With a session's cookie, and without. */
  readonly allowed: readonly [boolean, boolean];
}

const row = (
  headers: Record<string, string>,
  allowed: boolean | readonly [boolean, boolean],
  method?: string,
): Row => ({
  headers,
  allowed: typeof allowed === "boolean" ? [allowed, allowed] : allowed,
  ...(method ? { method } : {}),
});

const rows: readonly Row[] = [
  row({ "sec-fetch-site": "cross-site" }, true, "GET"),
  row({ "sec-fetch-site": "cross-site", origin: "https://evil.example" }, true, "HEAD"),
  row({ "sec-fetch-site": "cross-site" }, true, "OPTIONS"),
  row({ "sec-fetch-site": "same-origin" }, true),
  row({ "sec-fetch-site": "none" }, true),
  row({ "sec-fetch-site": "same-site" }, false),
  row({ "sec-fetch-site": "cross-site" }, false),
  row({ "sec-fetch-site": "cross-site", origin: ORIGIN }, false),
  row({ "sec-fetch-site": "nonsense" }, false),
  row({ "sec-fetch-site": "same-origin, same-origin" }, false),
  ...["PUT", "PATCH", "DELETE"].flatMap((method) => [
    row({ "sec-fetch-site": "cross-site" }, false, method),
    row({ "sec-fetch-site": "same-origin" }, true, method),
  ]),
  row({ origin: ORIGIN }, true),
  row({ origin: "https://evil.example" }, false),
  row({ origin: "https://app.example.evil" }, false),
  row({ origin: "https://sub.app.example" }, false),
  row({ origin: "https://app.example:444" }, false),
  row({ origin: "null" }, false),
  row({ origin: `${ORIGIN}, ${ORIGIN}` }, false),
  row({}, [false, true]),
  ...["text/plain", "application/json", "Application/X-WWW-Form-URLencoded;x", "multipart/form-data; boundary=x"].map(
    (type) => row({ "sec-fetch-site": "cross-site", "content-type": type }, false),
  ),
];

const describeRow = ({ method = "POST", headers }: Row): string => `${method} ${JSON.stringify(headers)}`;

/** Who is let through, and who is refused with 403. */
export function crossSite(adapter: Adapter): void {
  describe(adapter.name, () => {
    let server: Running;
    let sessions: AllSessions<Data>;
    let ran = 0;

    afterEach(async () => {
      server.close();
      await sessions.close();
    });

    async function serve(): Promise<Client> {
      sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore() });
      ran = 0;
      server = await adapter.start(sessions, async (session, path) => {
        ran += 1;
        if (path === "/count") session.data.count = (session.data.count ?? 0) + 1;
        return { body: path === "/token" ? await session.csrfToken() : String(session.data.count ?? 0) };
      });
      return new Client(server.send);
    }

    it("judges as the table says", async () => {
      const client = await serve();
      await client.fetch("/count");
      const cookie = await client.cookies();
      for (const each of rows) {
        const { method = "POST", headers, allowed } = each;
        for (const [at, present] of [{ cookie }, {}].entries()) {
          ran = 0;
          const answer = await server.send(
            new Request(`${ORIGIN}/`, { method, headers: { ...headers, ...present } as HeadersInit }),
          );
          expect([answer.status, ran], `${describeRow(each)}, ${at === 0 ? "with" : "without"} a session`).toEqual(
            allowed[at] ? [200, 1] : [403, 0],
          );
          if (!allowed[at]) expect(answer.headers.getSetCookie()).toEqual([]);
        }
      }
    });

    it("lets a WebSocket handshake in from its own origin only, and the polling that stands in for one", async () => {
      const client = await serve();
      await client.fetch("/count");
      const cookie = await client.cookies();
      const ask = async (path: string, headers: Record<string, string>): Promise<number> =>
        (await server.send(new Request(ORIGIN + path, { headers: { ...headers, cookie } as HeadersInit }))).status;
      const polling = "/socket.io/?EIO=4&transport=polling";
      expect(await ask(polling, { "sec-fetch-site": "same-origin" })).toBe(200);
      expect(await ask(polling, { "sec-fetch-site": "same-site" })).toBe(403);
      expect(await ask(polling, { "sec-fetch-site": "cross-site", origin: "https://evil.example" })).toBe(403);
      expect(await ask(polling, { origin: ORIGIN })).toBe(200);
      expect(await ask(polling, {})).toBe(403);
      // As Engine.IO reads a query, which takes requests without `EIO` as those of its third protocol.
      const cross = { "sec-fetch-site": "cross-site" };
      expect(await ask("/socket.io/?%45IO=4&transport=pollin%67", cross)).toBe(403);
      expect(await ask("/socket.io/?transport=polling", cross)).toBe(403);
      expect(await ask("/page?EIO=4", {})).toBe(200);
      // Not of HTTP/2, where no request is upgraded.
      if (adapter.name === "http2") return;
      const upgrade = { upgrade: "websocket", connection: "Upgrade" };
      expect(await ask("/", { ...upgrade, origin: ORIGIN })).toBe(200);
      expect(await ask("/", { ...upgrade, origin: "https://evil.example" })).toBe(403);
      expect(await ask("/", { ...upgrade, origin: "https://sub.app.example" })).toBe(403);
      expect(await ask("/", { ...upgrade, upgrade: "h2c, WebSocket", origin: "null" })).toBe(403);
      expect(await ask("/", { ...upgrade, "sec-fetch-site": "same-origin" })).toBe(403);
    });

    it("takes a token in its header where nothing says where a request comes from", async () => {
      const client = await serve();
      const token = await (await client.fetch("/token")).text();
      const post = async (sent: string): Promise<number> =>
        (
          await server.send(
            new Request(`${ORIGIN}/count`, {
              method: "POST",
              headers: { cookie: await client.cookies(), "x-csrf-token": sent },
            }),
          )
        ).status;
      expect([await post(token), await post(`${token.slice(0, -1)}!`), await post("")]).toEqual([200, 403, 403]);
    });

    it("saves nothing of a refused request, and keeps the session", async () => {
      const client = await serve();
      await client.fetch("/count");
      const refused = await client.fetch("/count", { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
      expect(refused.status).toBe(403);
      expect(await (await client.fetch("/")).text()).toBe("1");
    });

    it("does not trust a header that comes in two lines", async () => {
      const client = await serve();
      if (server.port === undefined) {
        const headers = new Headers({ "sec-fetch-site": "same-origin" });
        headers.append("sec-fetch-site", "same-origin");
        expect((await client.send("/", { method: "POST", headers })).status).toBe(403);
        return;
      }
      const wire = new Wire(server.port);
      wire.socket.write(
        "POST / HTTP/1.1\r\nhost: app.example\r\nsec-fetch-site: same-origin\r\nSec-Fetch-Site: same-origin\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
      );
      expect(await wire.until("closed")).toMatch(/^HTTP\/1\.1 403/);
    });
  });
}
