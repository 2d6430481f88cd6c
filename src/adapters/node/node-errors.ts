/**
 * What Node would throw: a response that is held back must refuse what Node's own would, when it is asked and not
 * when it is let go, where nobody can catch it.
 */

/** When the head is out; for the application it is. */
export function headersSent(what: string): Error {
  return coded(new Error(`Cannot ${what} headers after they are sent to the client`), "ERR_HTTP_HEADERS_SENT");
}

export function writeAfterEnd(): Error {
  return coded(new Error("write after end"), "ERR_STREAM_WRITE_AFTER_END");
}

/** For a writer whose chunk will not be sent. */
export function replaced(): Error {
  return new Error("The response was replaced: the session could not be saved.");
}

/** @returns The status and, if there was one, the reason. */
export function checkedHead([status, reason]: readonly unknown[]): [status: number, reason?: string] {
  const code = Number(status) | 0;
  if (code < 100 || code > 999)
    throw coded(new RangeError(`Invalid status code: ${status}`), "ERR_HTTP_INVALID_STATUS_CODE");
  return typeof reason === "string" ? [code, reason] : [code];
}

/** `write` needs a text or bytes; `end` may have nothing, or its callback in that place. */
export function checkChunk(method: string, chunk: unknown): void {
  if (method !== "write" && method !== "end") return;
  if (typeof chunk === "string" || chunk instanceof Uint8Array) return;
  if (method === "end" && (chunk === undefined || chunk === null || typeof chunk === "function")) return;
  if (chunk === null) throw coded(new TypeError("May not write null values to stream"), "ERR_STREAM_NULL_VALUES");
  const expected = 'The "chunk" argument must be of type string or an instance of Buffer or Uint8Array.';
  throw coded(new TypeError(`${expected} Received ${typeof chunk}`), "ERR_INVALID_ARG_TYPE");
}

function coded<Kind extends Error>(error: Kind, code: string): Kind {
  return Object.assign(error, { code });
}
