/** What an example may use without declaring it: an application in the middle of a request. Fresh for each. */
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import express from "express";
import { Hono } from "hono";
import { platform } from "#crypto";
import { createSessions, type Session, SessionError, type UserSessions } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { fakeClock } from "../../src/testing/index.ts";

interface Item {
  readonly sku: string;
  readonly quantity: number;
}

export interface MyData {
  count?: number;
  theme?: string;
  cart: Item[];
}

const KEYS = ["0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc", "fJ7bQ2xM9cLr4VtNs8ZkWgUy1EhPaDo6Xi3RwKqTj5A"] as const;
const SECRET = `k1:${KEYS[0]}`;
const ADDRESS = "https://app.example/";

export async function makeScene() {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const sessions = createSessions<MyData>({ store, secrets: SECRET, clock, initial: () => ({ cart: [] }) });
  const request = new Request(ADDRESS, { headers: { cookie: await login(sessions, "ann") } });
  return {
    clock,
    store,
    secrets: SECRET,
    /** What `npx sojourn secret` made, twice. */
    k1: KEYS[0],
    k2: KEYS[1],
    sessions,
    /** Ann's, in the middle of `request`. */
    session: (await sessions.open(request)) as Session<MyData>,
    request,
    userId: "ann",
    user: { id: "ann", name: "Ann" },
    item: { sku: "A-1", quantity: 2 } satisfies Item,
    socket: { close: (_code?: number): void => {} },
    express,
    app: express(),
    Hono,
    createServer,
    server: createServer(),
    websockets: {
      handleUpgrade: (
        _req: IncomingMessage,
        _socket: Duplex,
        _head: Buffer,
        _done: (socket: unknown) => void,
      ): void => {},
    },
    connected: (_socket: unknown): void => {},
    mac: await platform.mac(platform.randomBytes(32)),
    error: new SessionError("SOJOURN_SESSION_LIMIT", "The user has 3 sessions already.") as unknown,
    tooManyDevices: (): Response => new Response("Too many devices\n", { status: 409 }),
    changePassword: async (): Promise<void> => {},
    /** Whom a form or a request is from, as far as an example cares. */
    authenticate: async (_request: unknown): Promise<string> => "ann",
  };
}

/** The Cookie header of somebody who has just logged in. */
async function login(sessions: UserSessions<MyData>, userId: string): Promise<string> {
  const response = await sessions.handle(new Request(ADDRESS), async (session) => {
    await session.login(userId, { factors: ["pwd"] });
    return new Response();
  });
  return response.headers
    .getSetCookie()
    .map((line) => line.slice(0, line.indexOf(";")))
    .join("; ");
}
