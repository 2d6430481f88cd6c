/**
 * Answers in place of the application.
 */
import type { Refusal } from "../../outcome.ts";
import { applyToResponse } from "./head.ts";
import type { Method, OpenResponse } from "./response.ts";

export interface Writer {
  readonly writeHead: Method;
  readonly write: Method;
  readonly end: Method;
}

/** Takes back what was set for an answer that will not be sent. */
export function clearHead(res: OpenResponse): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  // HTTP/2 has no reason phrase, and says so on standard error when one is set.
  if (res.statusMessage) (res as { statusMessage: string | undefined }).statusMessage = undefined;
}

/** Sends a whole answer, step by step: a method of Node's that calls others would call those of wrappers above too. */
export function send(res: OpenResponse, refusal: Refusal, { writeHead, write, end }: Writer): void {
  clearHead(res);
  applyToResponse(res, refusal.headers);
  res.setHeader("content-length", String(new TextEncoder().encode(refusal.body).length));
  res.statusCode = refusal.status;
  writeHead(refusal.status);
  if (res.req?.method !== "HEAD") write(refusal.body);
  end();
}
