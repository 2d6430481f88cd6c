/**
 * When the session of a request is stored: before the head of the response, again before its end, and beside a
 * WebSocket's handshake, which nothing can hold back.
 */
import type { ServerResponse } from "node:http";
import { logFailure, refusal } from "../adapter.ts";
import { type Method, takeSeat } from "../node/express-methods.ts";
import { applyToResponse } from "../node/head.ts";
import { gateResponse } from "../node/hold-response.ts";
import { type OpenResponse, override } from "../node/response.ts";
import type { Visit } from "./visit.ts";

/** Ties a request's session to its response: stored before the first byte, and what came later before the last. */
export function tieToResponse(visit: Visit, res: ServerResponse, next: (error?: unknown) => void): void {
  if (!("statusCode" in res)) tieToHandshake(visit, res);
  else if (!res.headersSent) tieToAnswer(visit, res, next);
}

function tieToAnswer(visit: Visit, res: ServerResponse, next: (error?: unknown) => void): void {
  takeSeat(res);
  let begun = false;
  let ending = false;
  /** The application's error handler answers, once more. */
  let handedOver = false;
  gateResponse(res, {
    commit: () => {
      begun = true;
      return visit.commit();
    },
    failed: async (error) => {
      // Whoever still writes is answered here, and the application's error handler does not hear of it.
      if (!ending) logFailure(error);
      return refusal(error);
    },
    handOver: (error) => {
      handedOver = true;
      next(error);
    },
  });
  override(res as unknown as OpenResponse, "end", (below) => (...args) => {
    if (ending && !handedOver) return begun ? endAgain(res, below, args) : res;
    if (ending) {
      handedOver = false;
      return below(...args);
    }
    ending = true;
    // When nothing has been sent yet, the commit that this asks for saves all there is.
    const rest = begun ? lateChanges(visit) : undefined;
    if (!rest) return below(...args);
    rest.then(
      () => below(...args),
      (error: unknown) => {
        // The head is out: an answer that breaks off does not look like a whole one.
        res.destroy();
        next(error);
      },
    );
    return res;
  });
}

/** Nothing but the callback counts: Node's error for what is written after the end would end the process. */
function endAgain(res: ServerResponse, below: Method, args: readonly unknown[]): unknown {
  const callback = args.find((arg) => typeof arg === "function");
  return callback ? below(callback) : res;
}

function lateChanges(visit: Visit): Promise<unknown> | undefined {
  try {
    return visit.finish();
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * What Socket.IO gives its middleware in place of a response when a WebSocket is opened: it has setters, `writeHead`
 * without a status, `write` and `end`, and sends the headers as soon as `writeHead` has returned. Nothing can be held
 * back there.
 */
function tieToHandshake(visit: Visit, res: object): void {
  const open = res as OpenResponse;
  let done = false;
  const complete = (): void => {
    if (done) return;
    done = true;
    try {
      applyToResponse(open, visit.cookieNow());
    } catch (error) {
      logFailure(error);
    }
    lateChanges(visit)?.catch(logFailure);
  };
  for (const name of ["writeHead", "end"]) {
    override(open, name, (below) => (...args) => {
      complete();
      return below(...args);
    });
  }
}
