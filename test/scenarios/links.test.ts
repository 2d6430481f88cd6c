/** A client without cookies: the session travels in links that the application signed. */
import { describe, expect, it } from "vitest";
import { createSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { fakeClock } from "../../src/testing/index.ts";
import { cookieTransport } from "../../src/transport/cookie.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { urlTransport } from "../../src/transport/url.ts";

const OLD = "0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const NEW = "fJ7bQ2xM9cLr4VtNs8ZkWgUy1EhPaDo6Xi3RwKqTj5A";
const ORIGIN = "https://app.example";

function setUp(change: { secrets?: string; transports?: readonly [Transport, ...Transport[]] } = {}) {
  const clock = fakeClock();
  const rejected: string[] = [];
  const store = memoryStore({ clock });
  const open = (secrets: string) =>
    createSessions<{ cart?: string }>({
      secrets,
      store,
      clock,
      transports: change.transports ?? [cookieTransport(), urlTransport()],
      hooks: { rejected: ({ reason }) => void rejected.push(reason) },
    });
  return { sessions: open(`k1:${OLD}`), open, clock, rejected };
}

async function linked(sessions: ReturnType<typeof setUp>["sessions"]): Promise<string> {
  const session = await sessions.open(new Request(`${ORIGIN}/`));
  session.data.cart = "book";
  const link = await sessions.link(session, "/cart?page=2");
  await sessions.commit(session);
  return link;
}

describe("link()", () => {
  it("carries a new session to a client that keeps no cookie, and never into one", async () => {
    const { sessions } = setUp();
    const response = await sessions.handle(new Request(ORIGIN + (await linked(sessions))), async (session) => {
      session.data.cart += "s";
      return new Response(session.data.cart);
    });
    expect(await response.text()).toBe("books");
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it.each([
    ["another path", (link: string) => link.replace("/cart", "/admin")],
    ["another query", (link: string) => link.replace("page=2", "page=3")],
    ["another expiry", (link: string) => link.replace(/exp=\d+/, "exp=99999999999")],
    ["no signature", (link: string) => link.replace(/&sig=.*/, "")],
    ["only the token", (link: string) => `/cart?sid=${/sid=([^&]+)/.exec(link)?.[1]}`],
  ])("is worth nothing with %s", async (_what, change) => {
    const { sessions } = setUp();
    const session = await sessions.open(new Request(ORIGIN + change(await linked(sessions))));
    expect(session.isNew).toBe(true);
  });

  it("is worth nothing after its time", async () => {
    const { sessions, clock, rejected } = setUp();
    const link = await linked(sessions);
    clock.advance(5 * 60_000 + 1_000);
    expect((await sessions.open(new Request(ORIGIN + link))).isNew).toBe(true);
    expect(rejected).toEqual(["link"]);
  });

  it("still works after another key became active, and not after its key was revoked", async () => {
    const { sessions, open } = setUp();
    const link = await linked(sessions);
    const rotated = open(`k2:${NEW},k1:${OLD}`);
    expect((await rotated.open(new Request(ORIGIN + link))).isNew).toBe(false);
    const revoked = open(`k2:${NEW},!k1`);
    expect((await revoked.open(new Request(ORIGIN + link))).isNew).toBe(true);
  });

  it("refuses without the transport", async () => {
    const { sessions } = setUp({ transports: [cookieTransport()] });
    const session = await sessions.open(new Request(ORIGIN));
    await expect(sessions.link(session, "/")).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
  });
});
