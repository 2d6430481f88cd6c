/**
 * A server without a network: Node's own parser and response writer over a duplex in memory, into which requests are written as
 * bytes and out of which answers are read. What is left is the server's own work, to a third of a microsecond.
 */
import type { Server } from "node:http";
import { Duplex } from "node:stream";
import type { Action } from "../application.ts";

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

class Wire extends Duplex {
  readonly remoteAddress = "192.0.2.1";
  /** Asked with what was written. */
  heard: (text: string) => void = () => {};

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.heard(chunk.toString("latin1"));
    done();
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.heard(chunks.map(({ chunk }) => chunk.toString("latin1")).join(""));
    done();
  }

  /** What Node's server asks of a socket. */
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
}

/** Sends one request with a cookie, and gives the answer as text. */
export type Exchange = (action: Action, cookie: string) => Promise<string>;

export function overWire(server: Server): Exchange {
  const wire = new Wire();
  let received = "";
  let answered: (text: string) => void = () => {};
  wire.heard = (text) => {
    received += text;
    const end = received.indexOf("\r\n\r\n");
    if (end === -1) return;
    const at = received.toLowerCase().indexOf("content-length: ");
    const length = Number.parseInt(received.slice(at + 16), 10);
    if (received.length < end + 4 + length) return;
    const whole = received;
    received = "";
    answered(whole);
  };
  server.emit("connection", wire);
  return (action, cookie) =>
    new Promise((resolve) => {
      answered = resolve;
      const method = action === "change" ? "POST" : "GET";
      const length = action === "change" ? "content-length: 0\r\n" : "";
      const cookies = cookie === "" ? OTHER_COOKIES : `${OTHER_COOKIES}; ${cookie}`;
      wire.push(`${method} /${action} HTTP/1.1\r\n${HEADERS}\r\n${length}cookie: ${cookies}\r\n\r\n`, "latin1");
    });
}

/** Cookies that an answer sets, in the form of a `Cookie` header; undefined when it sets none. */
export function cookieIn(answer: string): string | undefined {
  const pairs = [...answer.matchAll(/^set-cookie: ([^=]+=[^;\r\n]*)/gim)].map(([, pair]) => pair);
  return pairs.length === 0 ? undefined : pairs.join("; ");
}
