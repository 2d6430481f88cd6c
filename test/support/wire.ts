/** One application over express-session or over what stands in for it, and what can be seen of it from outside. */

import type { Server } from "node:http";
import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import type expressSession from "express-session";
import { onTestFinished } from "vitest";
import { listen } from "./sockets.ts";

export type Module = typeof expressSession;

/** `req.session`, with whatever an application puts on it. */
export type Loose = expressSession.Session & { [name: string]: unknown };

export interface Call extends Omit<IncomingMessage, "session"> {
  session: Loose;
  sessionID: string;
  sessionStore: expressSession.Store & { sessions?: Record<string, string> };
}

export type Handle = (req: Call, res: ServerResponse, next: (error?: unknown) => void) => unknown;

export interface Seen {
  readonly status: number;
  readonly setCookie: readonly string[];
  readonly body: string;
  /** The connection broke before the answer was whole. */
  readonly broken: boolean;
}

/** Sends one request, and sees an answer that breaks off, too. */
export function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, headers, agent: false }, (res) => {
      let body = "";
      const seen = (broken: boolean): void =>
        resolve({ status: res.statusCode ?? 0, setCookie: res.headers["set-cookie"] ?? [], body, broken });
      res.setEncoding("utf8");
      res.on("data", (chunk: string) => {
        body += chunk;
      });
      res.on("end", () => seen(false));
      res.on("error", () => seen(true));
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** A client that keeps the session's cookie. */
export class Client {
  cookie = "";

  readonly #port: number;

  constructor({ port }: { readonly port: number }) {
    this.#port = port;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Seen> {
    const seen = await ask(this.#port, path, { ...(this.cookie ? { cookie: this.cookie } : {}), ...headers });
    const [line] = seen.setCookie;
    if (line !== undefined) this.cookie = line.slice(0, line.indexOf(";") === -1 ? undefined : line.indexOf(";"));
    return seen;
  }

  /** The id in the cookie. */
  get sid(): string {
    return decodeURIComponent(this.cookie.slice(this.cookie.indexOf("=") + 1))
      .replace(/^s:/, "")
      .replace(/\.[^.]*$/, "");
  }
}

/** Listens until the test is over; errors are answered with their status and message. */
export async function site(
  middleware: unknown,
  routes: Readonly<Record<string, Handle>>,
  server: (listener: RequestListener) => Server = createServer,
) {
  const listening = server((req, res) => {
    const next = (error?: unknown): void => {
      const path = new URL(req.url ?? "/", "http://localhost").pathname;
      const handle = routes[path];
      if (error) fail(res, error);
      else if (!handle) fail(res, Object.assign(new Error(`no route ${path}`), { status: 404 }));
      else Promise.resolve(handle(req as unknown as Call, res, next)).catch(next);
    };
    try {
      (middleware as Handle)(req as unknown as Call, res, next);
    } catch (error) {
      next(error);
    }
  });
  const port = await listen(listening);
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const at = { port };
  return { port, client: () => new Client(at) };
}

function fail(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.statusCode = (error as { status?: number }).status ?? 500;
  res.end(String((error as Error).message));
}
