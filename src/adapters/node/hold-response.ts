/**
 * Holds a response back until the session is saved.
 *
 * The first call that would send the head asks for the commit. When that has an answer at once, nothing is
 * delayed and nothing is kept. Otherwise this call and those after it wait in order, and the response behaves as if
 * the head were out: headers cannot be changed, `write` answers false, "drain" comes later. When the commit has
 * failed, nothing that the application wrote leaves.
 */
import type { HeaderOp } from "../../index.ts";
import type { Refusal } from "../../request/error-response.ts";
import { Drain } from "./drain.ts";
import type { Held, Method } from "./express-methods.ts";
import { absorbHead, applyToResponse } from "./head.ts";
import { checkChunk, checkedHead, headersSent, replaced, writeAfterEnd } from "./node-errors.ts";
import { hasReason, type NodeResponse, type OpenResponse, override, pretend } from "./response.ts";
import { clearHead, send } from "./send-error.ts";

export interface Keeper {
  /** Saves; asked once, with the status that the application answers. May throw instead of rejecting. */
  commit(status: number): readonly HeaderOp[] | Promise<readonly HeaderOp[]>;
  /** What to answer when the commit failed, or what the application wrote could not be sent. Never rejects. */
  failed(error: unknown): Promise<Refusal>;
  /**
   * Answers an error by the application's own means, on the response as it was in the beginning. Asked only when the
   * application's answer was complete, so that nothing of it can still come and get mixed with this one.
   */
  readonly handOver?: ((error: unknown) => void) | undefined;
}

const NONE: readonly HeaderOp[] = [];
const NOT_WHILE_HELD = ["setHeader", "setHeaders", "appendHeader", "removeHeader"];

export function gateResponse(res: NodeResponse, keeper: Keeper): Gate {
  return new Gate(res as unknown as OpenResponse, keeper);
}

interface Call {
  run(): unknown;
  readonly callback: unknown;
}

export class Gate {
  readonly #res: OpenResponse;
  readonly #keeper: Keeper;
  readonly #below: Record<"writeHead" | "write" | "end", Method>;
  /**
   * `passing`: committed, or given over to whoever answers the error. `refused`: answered by us; what the application
   * still writes is dropped.
   */
  #phase: "open" | "held" | "passing" | "refused" = "open";
  #commit: readonly HeaderOp[] | Promise<readonly HeaderOp[]> | undefined;
  /** To be put on with the head. */
  #headers: readonly HeaderOp[] = NONE;
  #queue: Call[] = [];
  readonly #held: { -readonly [Flag in keyof Held]: Held[Flag] } = { ended: false };
  /** The turn in which the application ended the response is over. */
  #endedBefore = false;
  #drain: Drain | undefined;
  #waiting: (() => void)[] = [];

  constructor(res: OpenResponse, keeper: Keeper) {
    this.#res = res;
    this.#keeper = keeper;
    const body = (name: string): Method =>
      override(
        res,
        name,
        (below) =>
          (...args) =>
            this.#body(name, below, args),
      );
    this.#below = {
      writeHead: override(
        res,
        "writeHead",
        (below) =>
          (...args) =>
            this.#writeHead(below, args),
      ),
      write: body("write"),
      end: body("end"),
    };
    body("flushHeaders");
  }

  /** Resolves as soon as nothing is held back; at once when nothing is. */
  whenReleased(): Promise<void> {
    return this.#phase === "held" ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  #writeHead(below: Method, args: unknown[]): unknown {
    if (this.#phase === "refused") return this.#res;
    if (this.#phase === "held") return this.#secondHead(args);
    if (this.#phase === "passing" || !this.#mustWait(Number(args[0]))) return this.#passHead(below, args);
    // Before the head counts as written: what Node would refuse must throw here, as it would without us.
    const head = checkedHead(absorbHead(this.#res, args));
    this.#hold(...head);
    this.#holdMore();
    this.#queue.push({ run: () => this.#passHead(below, head), callback: undefined });
    return this.#res;
  }

  /** The session's headers go on as late as can be: whoever wrapped `writeHead` to set some has done it by now. */
  #passHead(below: Method, args: readonly unknown[]): unknown {
    if (this.#headers.length === 0) return below(...args);
    const head = absorbHead(this.#res, args);
    applyToResponse(this.#res, this.#headers);
    this.#headers = NONE;
    return below(...head);
  }

  /** A wrapper that looks for Node's own `_header` calls it again with each write; anybody else is mistaken. */
  #secondHead(args: readonly unknown[]): unknown {
    if (args.length > 1 || args[0] !== this.#res.statusCode) throw headersSent("write");
    return this.#res;
  }

  #body(name: string, below: Method, args: unknown[]): unknown {
    // Before the answer counts as begun: what Node would refuse must throw here, as it would without us.
    if (this.#phase === "open" || (this.#phase === "held" && !this.#endedBefore)) checkChunk(name, args[0]);
    if (this.#phase === "open" && this.#mustWait(this.#res.statusCode)) {
      this.#hold(this.#res.statusCode);
      // After the end, nobody has more to say.
      if (name !== "end") this.#holdMore();
    }
    if (this.#phase === "passing") return below(...args);
    const callback = args.find((arg) => typeof arg === "function");
    if (this.#phase === "refused") {
      callBack(callback, replaced());
      // Let whoever writes come to an end, without running in circles.
      if (name === "write") this.#drain?.flow();
    } else if (this.#endedBefore) {
      // By now the response would be over, and Node does nothing more than this.
      callBack(callback, writeAfterEnd());
    } else {
      this.#queue.push({ run: () => below(...args), callback });
      if (name === "end") this.#end();
    }
    return name === "write" ? false : this.#res;
  }

  #end(): void {
    if (this.#held.ended) return;
    this.#held.ended = true;
    setImmediate(() => {
      this.#endedBefore = true;
    });
  }

  /** Asks for the commit; true when its answer has to be waited for. */
  #mustWait(status: number): boolean {
    if (this.#commit === undefined) {
      try {
        this.#commit = this.#keeper.commit(status);
      } catch (error) {
        this.#commit = Promise.reject(error);
      }
      // Listened to when the head is held, which an invalid one can delay.
      if (this.#commit instanceof Promise) this.#commit.catch(() => {});
    }
    if (this.#commit instanceof Promise) return true;
    this.#pass(this.#commit);
    return false;
  }

  #pass(headers: readonly HeaderOp[]): void {
    this.#phase = "passing";
    this.#headers = headers;
  }

  #hold(status: number, reason?: string): void {
    const res = this.#res;
    this.#phase = "held";
    // Also after the end: who answers once more must hear of it, and not change the head of what was answered.
    for (const name of NOT_WHILE_HELD) {
      override(
        res,
        name,
        (below) =>
          (...args) =>
            this.#guard(below, args),
      );
    }
    res.statusCode = status;
    if (reason !== undefined && hasReason(res)) res.statusMessage = reason;
    const head = { status, reason: hasReason(res) ? res.statusMessage : undefined };
    pretend(res, this.#held);
    (this.#commit as Promise<readonly HeaderOp[]>)
      .then((headers) => this.#release(headers, head))
      .catch((error: unknown) => this.#fail(error));
  }

  /** For an application that goes on. Each method put on a response costs microseconds, under Express a good many. */
  #holdMore(): void {
    override(
      this.#res,
      "addTrailers",
      (below) =>
        (...args) =>
          this.#later(below, args),
    );
    this.#drain = new Drain(this.#res);
  }

  #guard(below: Method, args: readonly unknown[]): unknown {
    if (this.#phase === "held") throw headersSent("set");
    return below(...args);
  }

  #later(below: Method, args: readonly unknown[]): unknown {
    if (this.#phase !== "held") return below(...args);
    this.#queue.push({ run: () => below(...args), callback: undefined });
    return undefined;
  }

  #release(headers: readonly HeaderOp[], head: { readonly status: number; readonly reason: string | undefined }): void {
    const res = this.#res;
    pretend(res, undefined);
    this.#pass(headers);
    // The application may have set another status since, which would have come too late.
    res.statusCode = head.status;
    if (hasReason(res)) res.statusMessage = head.reason;
    for (let call = this.#queue.shift(); call; call = this.#queue.shift()) call.run();
    this.#drain?.release();
    this.#letGo();
  }

  #letGo(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #fail(error: unknown): Promise<void> {
    const refusal = await this.#keeper.failed(error);
    pretend(this.#res, undefined);
    for (const { callback } of this.#queue.splice(0)) callBack(callback, replaced());
    try {
      if (this.#res.headersSent) throw error;
      this.#answer(refusal, error);
    } catch {
      // Some of the application's answer has left: an answer that breaks off does not look like a whole one.
      this.#res.destroy();
    }
    this.#letGo();
  }

  #answer(refusal: Refusal, error: unknown): void {
    this.#pass(refusal.headers);
    clearHead(this.#res);
    if (this.#held.ended && this.#keeper.handOver) {
      this.#res.statusCode = 200;
      this.#keeper.handOver(error);
    } else {
      send(this.#res, refusal, this.#below);
      this.#phase = "refused";
      this.#drain?.flow();
    }
  }
}

/** Tells a writer that its chunk was not sent. */
function callBack(callback: unknown, error: Error): void {
  if (typeof callback === "function") queueMicrotask(() => callback(error));
}
