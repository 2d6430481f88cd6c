/** The endpoint for Node: its Fetch answer, written into Node's response. */
import type { HandleOptions, NodeRequestLike } from "../../index.ts";

/** A request for the endpoint, and how the driver is to see it. */
export type Answer = (request: Request, options?: Pick<HandleOptions, "source" | "key">) => Promise<Response>;

/** The part of Node's response that is used. */
export interface EndpointResponse {
  statusCode: number;
  headersSent: boolean;
  setHeader(name: string, value: string | readonly string[]): unknown;
  flushHeaders(): void;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  destroy(): unknown;
  once(event: "close" | "drain", listener: () => void): unknown;
  removeListener(event: "close" | "drain", listener: () => void): unknown;
}

/** A listener for `node:http` and a route for Express; `next` is given what it cannot answer. */
export type NodeEndpoint = (
  req: NodeRequestLike,
  res: EndpointResponse,
  next?: (error?: unknown) => void,
) => Promise<void>;

export function nodeEndpoint(answer: Answer): NodeEndpoint {
  return async (req, res, next) => {
    try {
      await write(await answer(requestOf(req), { source: req, key: req }), res);
    } catch (error) {
      if (res.headersSent) res.destroy();
      else if (next) next(error);
      else {
        console.error(error);
        res.statusCode = 500;
        res.end();
      }
    }
  };
}

/** The driver looks at Node's request; of this one, only the method, the query and `accept` count. */
function requestOf({ method = "GET", url = "/", headers }: NodeRequestLike): Request {
  const { accept = "" } = headers;
  const query = url.indexOf("?");
  const address = `http://localhost/${query < 0 ? "" : url.slice(query)}`;
  // Fetch knows no TRACE and no CONNECT, and neither does the endpoint.
  const known = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : "OPTIONS";
  return new Request(address, { method: known, headers: { accept: String(accept) } });
}

async function write(response: Response, res: EndpointResponse): Promise<void> {
  res.statusCode = response.status;
  for (const [name, value] of response.headers) if (name !== "set-cookie") res.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) res.setHeader("set-cookie", cookies);
  const reader = response.body?.getReader();
  if (!reader) {
    res.end();
    return;
  }
  const gone = (): void => void reader.cancel().catch(() => {});
  res.once("close", gone);
  // A stream has its head at once, though its first event may have to wait.
  res.flushHeaders();
  for (let next = await reader.read(); !next.done; next = await reader.read())
    if (!res.write(next.value)) await drained(res);
  res.removeListener("close", gone);
  res.end();
}

/** Somebody who has gone takes no more: then there is nothing to wait for. */
function drained(res: EndpointResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.removeListener("drain", done);
      res.removeListener("close", done);
      resolve();
    };
    res.once("drain", done);
    res.once("close", done);
  });
}
