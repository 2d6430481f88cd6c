/**
 * The answers of memcached's text protocol, read off the bytes that have arrived, and its refusals.
 */
import { isSessionError, SessionError } from "../../errors.ts";
import type { MemcachedItem } from "./client.ts";

/** A whole answer that has arrived, and how many bytes it took. */
export interface Parsed<T> {
  readonly value: T;
  readonly length: number;
}

/**
 * Reads one answer off the beginning of what has arrived: undefined while it is not whole; throws what is no answer.
 */
export type Reply<T> = (bytes: Buffer) => Parsed<T> | undefined;

/** The server is sound and said no: it is out of memory. */
export class Refusal extends Error {}

/** What a server that is sound says when it does not do what it was asked for. */
export function refusal(text: string): Error {
  if (!/too large/.test(text)) return new Refusal(`memcached refused: ${text}`);
  return new SessionError(
    "SOJOURN_RECORD_TOO_LARGE",
    "memcached takes no item as large as this session: 1 MB less some bytes of its own, or what -I says. Nothing was " +
      "stored.",
  );
}

/** Whether the connection goes on after such an error. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Refusal || isSessionError(error, "SOJOURN_RECORD_TOO_LARGE");

const CRLF = "\r\n";

/** Longer than any line that memcached sends. */
const LONGEST_LINE = 2048;

function line(bytes: Buffer, from = 0): { readonly text: string; readonly end: number } | undefined {
  const at = bytes.indexOf(CRLF, from, "latin1");
  if (at === -1) {
    if (bytes.length - from > LONGEST_LINE) throw new Error("memcached sent what is no answer");
    return undefined;
  }
  const text = bytes.toString("latin1", from, at);
  if (text.startsWith("SERVER_ERROR")) throw refusal(text);
  if (/^(CLIENT_)?ERROR/.test(text)) throw new Error(`memcached did not understand: ${text}`);
  return { text, end: at + CRLF.length };
}

/** One line out of a few. */
export function oneOf<T>(answers: Readonly<Record<string, T>>): Reply<T> {
  return (bytes) => {
    const first = line(bytes);
    if (first === undefined) return undefined;
    if (!Object.hasOwn(answers, first.text)) throw new Error("memcached sent another answer than was asked for");
    return { value: answers[first.text] as T, length: first.end };
  };
}

export const version: Reply<string> = (bytes) => {
  const first = line(bytes);
  if (first === undefined) return undefined;
  if (!first.text.startsWith("VERSION ")) throw new Error("memcached sent another answer than was asked for");
  return { value: first.text.slice("VERSION ".length), length: first.end };
};

/** The answer to `gets` of one key: `VALUE key flags bytes cas`, the bytes, `END`; or only `END`. */
export function item(key: string): Reply<MemcachedItem | null> {
  return (bytes) => {
    const first = line(bytes);
    if (first === undefined) return undefined;
    if (first.text === "END") return { value: null, length: first.end };
    const [word, its, , size, cas = ""] = first.text.split(" ");
    const length = Number(size);
    if (word !== "VALUE" || its !== key || !Number.isSafeInteger(length) || !/^\d+$/.test(cas)) {
      throw new Error("memcached sent another answer than was asked for");
    }
    const end = first.end + length;
    const tail = `${CRLF}END${CRLF}`;
    if (bytes.length < end + tail.length) return undefined;
    if (bytes.toString("latin1", end, end + tail.length) !== tail) throw new Error("memcached sent a broken item");
    return { value: { value: Buffer.from(bytes.subarray(first.end, end)), cas }, length: end + tail.length };
  };
}
