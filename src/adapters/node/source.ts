/**
 * A Node request as the core sees it, without a Fetch object in between.
 */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { RequestSource } from "../../index.ts";
import type { NodeResponse } from "./response.ts";

/** What an application's handler is given: HTTP/1, or HTTP/2 by the compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

export class NodeSource implements RequestSource {
  readonly method: string;
  readonly url: string;
  readonly #req: NodeRequest;
  readonly #res: NodeResponse | undefined;
  readonly #address: (() => string | undefined) | undefined;

  /**
   * @param res Undefined for a handshake, which has none.
   * @param address Asked when somebody needs it; default the other end of the connection, which behind a proxy is the proxy.
   */
  constructor(req: NodeRequest, res: NodeResponse | undefined, address: (() => string | undefined) | undefined) {
    this.method = req.method ?? "GET";
    // Connect and Express cut `url` down to what a mounted router sees.
    this.url = (req as { originalUrl?: string }).originalUrl ?? req.url ?? "/";
    this.#req = req;
    this.#res = res;
    this.#address = address;
  }

  /** Not for every request: a listener costs more than the rest of what an anonymous one does here. */
  onceOver(callback: () => void): void {
    if ((this.#res as { closed?: boolean } | undefined)?.closed) callback();
    else this.#res?.once("close", callback);
  }

  /** Node has joined the lines of a name already, cookies with "; ", and dropped those that may not be repeated. */
  header(name: string): string | undefined {
    const { headers } = this.#req;
    const value = headers[name] ?? (name === "host" ? headers[":authority"] : undefined);
    return Array.isArray(value) ? value.join(name === "cookie" ? "; " : ", ") : value;
  }

  get address(): string | undefined {
    return this.#address ? this.#address() : this.#req.socket?.remoteAddress;
  }
}
