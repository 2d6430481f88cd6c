/**
 * The load generator, a process of its own: connections that stay open, each with a session of its own and one
 * request at a time. Every answer is checked: a server that forgets what it counted is not fast.
 */
import { connect, type Socket } from "node:net";
import type { Action } from "./application.ts";
import { answerQuestions } from "./child.ts";

export interface Load {
  readonly port: number;
  readonly action: Action;
  readonly requests: number;
  /** False for a server without sessions, which always answers the same. */
  readonly counts: boolean;
  /** Default 50. */
  readonly connections?: number;
}

const CONNECTIONS = 50;

/** As much as a browser sends. */
const HEADERS = [
  "host: app.example",
  "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36",
  "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-encoding: gzip, deflate, br",
  "accept-language: en-GB,en;q=0.9",
  "sec-fetch-site: same-origin",
  "sec-fetch-mode: navigate",
].join("\r\n");
const OTHER_COOKIES = "consent=analytics:0; locale=en-GB";

class Client {
  readonly #port: number;
  readonly #cookies = new Map<string, string>();
  #socket: Socket | undefined;
  #count = 0;
  #received = "";
  #answered: ((head: string, body: string) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async request(action: Action, counts: boolean): Promise<void> {
    const own = action === "anonymous" ? [] : [...this.#cookies].map(([name, value]) => `${name}=${value}`);
    const method = action === "change" ? "POST" : "GET";
    const length = action === "change" ? "content-length: 0\r\n" : "";
    const cookie = `cookie: ${[OTHER_COOKIES, ...own].join("; ")}`;
    const { head, body } = await this.#send(
      `${method} /${action} HTTP/1.1\r\n${HEADERS}\r\n${length}${cookie}\r\n\r\n`,
    );
    if (action === "change" && counts) this.#count += 1;
    const expected = `count: ${action === "anonymous" ? 0 : this.#count}`;
    if (!head.startsWith("HTTP/1.1 200 ") || body !== expected)
      throw new Error(
        `/${action} on port ${this.#port}: expected "${expected}", found ${head.split("\r\n")[0]}, "${body}".`,
      );
    for (const [, name = "", value = ""] of head.matchAll(/^set-cookie: ([^=]+)=([^;\r]*)/gim))
      this.#cookies.set(name, value);
  }

  #send(request: string): Promise<{ readonly head: string; readonly body: string }> {
    return new Promise((resolve, reject) => {
      this.#answered = (head, body) => resolve({ head, body });
      this.#failed = reject;
      this.#open().write(request, "latin1");
    });
  }

  #open(): Socket {
    if (this.#socket) return this.#socket;
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#receive(chunk));
    socket.on("error", (error) => this.#failed?.(error));
    socket.on("close", () => {
      this.#socket = undefined;
      this.#failed?.(new Error(`Port ${this.#port} closed the connection.`));
    });
    this.#socket = socket;
    return socket;
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    const end = this.#received.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.#received.slice(0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
    const body = this.#received.slice(end + 4);
    if (body.length < length) return;
    this.#received = "";
    this.#answered?.(head, body);
  }
}

/** By port: connections and cookies outlive one load. */
const clients = new Map<number, Client[]>();

async function run({ port, action, requests, counts, connections = CONNECTIONS }: Load): Promise<number> {
  const all = clients.get(port) ?? Array.from({ length: connections }, () => new Client(port));
  clients.set(port, all);
  let left = requests;
  const start = performance.now();
  await Promise.all(
    all.map(async (client) => {
      while (left-- > 0) await client.request(action, counts);
    }),
  );
  return performance.now() - start;
}

answerQuestions<Load, number>(run);
