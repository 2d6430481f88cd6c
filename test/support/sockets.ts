/** Real connections to servers of a test: raw bytes for what must not have left yet, and requests for the rest. */
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingHttpHeaders, type Server } from "node:http";
import { connect as connectHttp2, type Http2Server } from "node:http2";
import { type AddressInfo, connect, type Socket } from "node:net";

const HOST = "app.example";

export async function listen(server: Server | Http2Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** One connection, byte by byte. */
export class Wire {
  readonly socket: Socket;
  #received = "";
  #closed = false;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("data", (chunk: string) => {
      this.#received += chunk;
      this.#wake();
    });
    this.socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
    this.socket.on("error", () => {});
  }

  /** Everything that has arrived. */
  get received(): string {
    return this.#received;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(
    path: string,
    {
      method = "GET",
      headers = {},
      version = "1.1",
    }: { method?: string; headers?: Record<string, string>; version?: string } = {},
  ): void {
    const lines = Object.entries({ host: HOST, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`${method} ${path} HTTP/${version}\r\n${lines.join("")}\r\n`);
  }

  /** Resolves when what has arrived fits; rejects when the connection closes before. */
  async until(wanted: RegExp | "closed"): Promise<string> {
    const done = (): boolean => (wanted === "closed" ? this.#closed : wanted.test(this.#received));
    while (!done()) {
      if (this.#closed) throw new Error(`the connection closed; received: ${this.#received}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#received;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A whole exchange on a connection of its own: everything that the server sent until it closed. */
export async function exchange(port: number, path: string, options: Parameters<Wire["send"]>[1] = {}): Promise<string> {
  const wire = new Wire(port);
  wire.send(path, { ...options, headers: { connection: "close", ...options.headers } });
  return wire.until("closed");
}

/** Sends Fetch requests to a port over HTTP/1, on connections that are kept. */
export function overHttp(
  port: number,
  agent: Agent = new Agent({ keepAlive: true }),
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = { host: HOST, ...Object.fromEntries(request.headers) };
    const outgoing = httpRequest({
      port,
      host: "127.0.0.1",
      agent,
      method: request.method,
      path: pathname + search,
      headers,
      signal: request.signal,
    });
    outgoing.end(request.body ? new Uint8Array(await request.arrayBuffer()) : undefined);
    const [incoming] = (await once(outgoing, "response")) as [import("node:http").IncomingMessage];
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
    return toResponse(incoming.statusCode as number, incoming.headers, Buffer.concat(chunks));
  };
}

/** Sends Fetch requests to a port over HTTP/2, each on a session of its own. */
export function overHttp2(port: number): (request: Request) => Promise<Response> {
  return async (request) => {
    const client = connectHttp2(`http://127.0.0.1:${port}`);
    try {
      const { pathname, search } = new URL(request.url);
      const pseudo = { ":path": pathname + search, ":method": request.method, ":authority": HOST };
      const stream = client.request({ ...pseudo, ...Object.fromEntries(request.headers) });
      stream.end(request.body ? new Uint8Array(await request.arrayBuffer()) : undefined);
      const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status": number }];
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(chunk as Uint8Array);
      return toResponse(headers[":status"], headers, Buffer.concat(chunks));
    } finally {
      client.close();
    }
  };
}

function toResponse(status: number, found: IncomingHttpHeaders, body: Uint8Array<ArrayBuffer>): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(found)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const line of [value].flat()) headers.append(name, line);
  }
  const empty = status === 204 || status === 304 || body.length === 0;
  return new Response(empty ? null : body, { status, headers });
}
