/** Fetch-like applications, called as a server would call them. */
import { Hono } from "hono";
import { createSessions, type Session } from "sojourn";
import { honoSession } from "sojourn/hono";
import { memoryStore } from "sojourn/stores/memory";
import { type Data, increment, page, SECRET } from "../application.ts";
import { peer } from "../peers.ts";
import { secrets } from "../servers/node.ts";
import type { Exchange } from "./wire.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** What the answer says is put in the form in which it comes over a wire. */
function overFetch(fetch: Fetch): Exchange {
  return async (action, cookie) => {
    const headers = { cookie, host: "app.example", "sec-fetch-site": "same-origin" };
    const method = action === "change" ? "POST" : "GET";
    const response = await fetch(new Request(`https://app.example/${action}`, { method, headers }));
    const lines = response.headers.getSetCookie().map((line) => `set-cookie: ${line}\r\n`);
    return `HTTP/1.1 ${response.status}\r\n${lines.join("")}\r\n${await response.text()}`;
  };
}

const PATHS = ["/anonymous", "/read", "/change"];

function bare(): Exchange {
  const app = new Hono();
  for (const path of PATHS) app.all(path, (c) => c.text(page(0)));
  return overFetch((request) => app.fetch(request));
}

function sojourn(): Exchange {
  const sessions = createSessions<Data>({ secrets, store: memoryStore() });
  const app = new Hono<{ Variables: { session: Session<Data> } }>();
  app.use(honoSession(sessions));
  app.all("/anonymous", (c) => c.text(page(0)));
  app.get("/read", (c) => c.text(page(c.get("session").data.count)));
  app.post("/change", (c) => c.text(page(increment(c.get("session").data))));
  return overFetch((request) => app.fetch(request));
}

/** A handler of the Fetch API alone. */
function handle(): Exchange {
  const sessions = createSessions<Data>({ secrets, store: memoryStore() });
  return overFetch((request) =>
    sessions.handle(request, (session) => {
      if (request.url.endsWith("/anonymous")) return new Response(page(0));
      return new Response(page(request.method === "POST" ? increment(session.data) : session.data.count));
    }),
  );
}

/** The part of hono-sessions that is used. */
interface HonoSessions {
  readonly MemoryStore: new () => object;
  sessionMiddleware(options: object): Parameters<Hono["use"]>[0];
}

interface Keyed {
  get(key: string): Data[keyof Data];
  set(key: string, value: unknown): void;
}

function honoSessions(): Exchange {
  const { MemoryStore, sessionMiddleware } = peer<HonoSessions>("hono-sessions");
  const app = new Hono<{ Variables: { session: Keyed } }>();
  app.use(sessionMiddleware({ store: new MemoryStore(), encryptionKey: SECRET, expireAfterSeconds: 86_400 }) as never);
  app.all("/anonymous", (c) => c.text(page(0)));
  app.get("/read", (c) => c.text(page(c.get("session").get("count") as number | undefined)));
  app.post("/change", (c) => {
    const session = c.get("session");
    const data: Data = {};
    const before = session.get("count") as number | undefined;
    if (before !== undefined) data.count = before;
    increment(data);
    for (const [key, value] of Object.entries(data)) session.set(key, value);
    return c.text(page(data.count));
  });
  return overFetch((request) => app.fetch(request));
}

export const fetchStacks: Record<string, () => Exchange> = {
  "Fetch handler": () => overFetch(() => new Response(page(0))),
  "Sojourn, Fetch, memory": handle,
  Hono: bare,
  "Hono + Sojourn, memory": sojourn,
  "hono-sessions, memory": honoSessions,
};
