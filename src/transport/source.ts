/**
 * What a request looks like to the core, made of what frameworks hand on.
 */
import { invalidOption, type SessionError } from "../errors.ts";
import type { RequestSource } from "./transport.ts";

/** The part of a Fetch `Request` that is used. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/**
 * The part of a Node request that is used; of HTTP/1, of HTTP/2's compatibility API, and of what frameworks make of
 * them.
 */
export interface NodeRequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** The address before a mounted router cut it down (Connect, Express, Fastify). */
  readonly originalUrl?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
}

/** What `open` accepts: a Fetch request, a Node request, or what an adapter made of another kind. */
export type RequestLike = FetchRequest | NodeRequestLike | RequestSource;

/**
 * The request as the core sees it.
 *
 * @throws SOJOURN_INVALID_OPTION for what is no request: a session of nothing would be anonymous without a word.
 * @example
 * ```ts
 * import { sourceOf } from "sojourn/adapter";
 *
 * sourceOf(request).method; // → "GET"
 * ```
 */
export function sourceOf(request: RequestLike): RequestSource {
  const given = request as Partial<RequestSource & FetchRequest & { rawHeaders: unknown }>;
  // Express puts a method of this name on Node's request.
  if (typeof given.header === "function" && given.rawHeaders === undefined) return request as RequestSource;
  const headers: unknown = given.headers;
  if (typeof headers === "object" && headers !== null)
    return isHeaders(headers) ? fetchSource(request as FetchRequest) : new NodeSource(request as NodeRequestLike);
  throw noRequest(request);
}

export function noRequest(found: unknown): SessionError {
  return invalidOption("request", found, "a Fetch Request, a Node request or a RequestSource");
}

const isHeaders = (headers: object): boolean => typeof (headers as { get?: unknown }).get === "function";

function fetchSource(request: FetchRequest): RequestSource {
  return { method: request.method, url: request.url, header: (name) => request.headers.get(name) ?? undefined };
}

/**
 * A request of which more is known: the client's address.
 *
 * @param address Asked when somebody needs it: the device of a login.
 * @example
 * ```ts
 * import { withAddress } from "sojourn/adapter";
 *
 * const known = await sessions.open(withAddress(request, () => "192.0.2.1"), { key: request });
 * ```
 */
export function withAddress(request: RequestLike, address: () => string | undefined): RequestSource {
  const source = sourceOf(request);
  return {
    method: source.method,
    url: source.url,
    header: (name) => source.header(name),
    onceOver: (callback) => source.onceOver?.(callback),
    get address() {
      return address();
    },
  };
}

/**
 * A Node request as the core sees it, without a Fetch object in between.
 *
 * @example
 * ```ts
 * import { NodeSource } from "sojourn/adapter";
 *
 * createServer(async (req, res) => {
 *   const source = new NodeSource(req, () => req.socket.remoteAddress, res);
 *   const opened = await sessions.open(source, { key: req });
 *   res.end(opened.userId);
 * });
 * ```
 */
export class NodeSource implements RequestSource {
  readonly method: string;
  readonly url: string;
  readonly #request: NodeRequestLike;
  readonly #address: (() => string | undefined) | undefined;
  readonly #over: Closing | undefined;

  /**
   * @param address Asked when somebody needs it. Default: the other end of the connection, which behind a proxy is the
   *   proxy.
   * @param url The address as the client sent it. Default: `originalUrl`, or `url`.
   * @param over What closes when the request is over: its response or, for a handshake, its socket. Default: nothing.
   */
  constructor(request: NodeRequestLike, address?: () => string | undefined, over?: Closing, url?: string) {
    this.method = request.method ?? "GET";
    this.url = url ?? request.originalUrl ?? request.url ?? "/";
    this.#request = request;
    this.#address = address;
    this.#over = over;
  }

  /** Not for every request: a listener costs more than the rest of what an anonymous one does here. */
  onceOver(callback: () => void): void {
    if (this.#over?.closed) callback();
    else this.#over?.once("close", callback);
  }

  /** Node has joined the lines of a name already, cookies with "; ", and dropped those that may not be repeated. */
  header(name: string): string | undefined {
    const { headers } = this.#request;
    const value = headers[name] ?? (name === "host" ? headers[":authority"] : undefined);
    return typeof value === "object" ? value.join(name === "cookie" ? "; " : ", ") : value;
  }

  get address(): string | undefined {
    return this.#address ? this.#address() : this.#request.socket?.remoteAddress;
  }
}

/** A stream that tells when it has closed. */
export interface Closing {
  readonly closed?: boolean;
  once(event: "close", listener: () => void): unknown;
}
