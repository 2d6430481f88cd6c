/** An application with express-session, listening, and browsers that keep its cookie. */
import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { listen } from "./sockets.ts";

declare module "express-session" {
  interface SessionData {
    user?: string;
    [key: `n${number}`]: number;
    notes?: Record<string, unknown>;
  }
}

/** `req.session`. Its type is of the whole program, where tests of our own adapter say something else. */
export function sessionIn(req: express.Request): session.Session & Partial<session.SessionData> {
  return (req as unknown as { session: session.Session & session.SessionData }).session;
}

export interface Application {
  readonly app: express.Express;
  /** A browser with a jar of its own. */
  browser(): Browser;
  close(): void;
}

export class Browser {
  readonly #origin: string;
  cookie = "";
  /** The last Set-Cookie line. */
  line = "";

  constructor(origin: string) {
    this.#origin = origin;
  }

  async get(path: string): Promise<{ status: number; text: string; setCookie: boolean }> {
    const response = await fetch(this.#origin + path, { headers: { cookie: this.cookie }, redirect: "manual" });
    const [line] = response.headers.getSetCookie();
    if (line !== undefined) {
      this.line = line;
      this.cookie = line.slice(0, line.indexOf(";"));
    }
    return { status: response.status, text: await response.text(), setCookie: line !== undefined };
  }

  /** The session id that express-session put into its cookie, without the signature. */
  get sid(): string {
    return decodeURIComponent(this.cookie)
      .replace(/^connect\.sid=s:/, "")
      .replace(/\..*$/s, "");
  }
}

export async function startApplication(
  options: Partial<session.SessionOptions> & { store: session.Store },
  routes: (app: express.Express) => void,
): Promise<Application> {
  const app = express();
  app.use(session({ secret: "of the test", resave: false, saveUninitialized: false, ...options }));
  routes(app);
  // express prints errors otherwise.
  app.use((error: { status?: number; code?: string }, _req: unknown, res: express.Response, _next: unknown) => {
    res.status(error.status ?? 500).send(error.code ?? String(error));
  });
  const server = createServer(app);
  const port = await listen(server);
  return {
    app,
    browser: () => new Browser(`http://127.0.0.1:${port}`),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
