/**
 * Answers in place of the application.
 */
import { type Refusal, refusal } from "../../request/error-response.ts";
import type { Method } from "./express-methods.ts";
import { applyToResponse } from "./head.ts";
import { hasReason, type NodeResponse, type OpenResponse } from "./response.ts";

/** Takes back what was set for an answer that will not be sent. */
export function clearHead(res: OpenResponse): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  if (hasReason(res)) res.statusMessage = undefined;
}

/**
 * Answers an error by its status, in place of the framework: a refusal of `openNode`, or what the application threw. An
 * answer that has begun is cut off, so that it does not look like a whole one.
 *
 * @example
 * ```ts
 * import { answerNode, openNode } from "sojourn/adapter";
 *
 * createServer((req, res) => {
 *   openNode(sessions, req, res).then(
 *     ({ session }) => res.end(session.userId ?? "nobody"),
 *     (error) => answerNode(res, error),
 *   );
 * });
 * ```
 */
export function answerNode(res: NodeResponse, error: unknown): void {
  const open = res as unknown as OpenResponse;
  if (!open.headersSent) open.end(prepare(open, refusal(error)));
  else if (!open.writableEnded) open.destroy();
}

/** Answers by these methods and no others: one of Node's that calls another calls what wrappers have put above it. */
export function send(res: OpenResponse, refusal: Refusal, by: Record<"writeHead" | "write" | "end", Method>): void {
  const body = prepare(res, refusal);
  by.writeHead(refusal.status);
  if (body !== undefined) by.write(body);
  by.end();
}

/** @returns The body, undefined where there must not be one. */
function prepare(res: OpenResponse, refusal: Refusal): string | undefined {
  clearHead(res);
  res.statusCode = refusal.status;
  applyToResponse(res, refusal.headers);
  res.setHeader("content-length", new TextEncoder().encode(refusal.body).length);
  return res.req?.method === "HEAD" ? undefined : refusal.body;
}
