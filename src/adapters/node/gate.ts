/**
 * Holds a response back until the session is saved.
 *
 * The first call that would send the head asks for the commit. When that has an answer at once, nothing is
 * delayed and nothing is kept. Otherwise this call and those after it wait in order, and the response behaves as if
 * the head were out: headers cannot be changed, `write` answers false, "drain" comes later. When the commit has
 * failed, nothing that the application wrote leaves.
 */
import type { HeaderOp } from "../../index.ts";
import type { Refusal } from "../../outcome.ts";
import { Drain } from "./drain.ts";
import { absorbHead, applyToResponse } from "./head.ts";
import { type Method, type NodeResponse, type OpenResponse, override } from "./response.ts";
import { send } from "./send.ts";

export interface GateKeeper {
  /** Saves; asked once, with the status that the application answers. May throw instead of rejecting. */
  commit(status: number): readonly HeaderOp[] | Promise<readonly HeaderOp[]>;
  /**
   * The commit failed, or what the application wrote could not be sent.
   *
   * @param ended The application's response is complete, so nothing more of it will come.
   * @returns What to answer; undefined when somebody else does, by the response as it is then: empty and open.
   */
  failed(error: unknown, ended: boolean): Refusal | undefined;
}

const NONE: readonly HeaderOp[] = [];
const NOT_WHILE_HELD = ["setHeader", "setHeaders", "appendHeader", "removeHeader"];

export function gateResponse(res: NodeResponse, keeper: GateKeeper): void {
  new Gate(res as unknown as OpenResponse, keeper);
}

class Gate {
  readonly #res: OpenResponse;
  readonly #keeper: GateKeeper;
  /** `refused`: our own answer is sent, and what the application still writes is dropped. */
  #phase: "open" | "held" | "passing" | "refused" = "open";
  #commit: readonly HeaderOp[] | Promise<readonly HeaderOp[]> | undefined;
  /** To be put on with the head. */
  #headers: readonly HeaderOp[] = NONE;
  #queue: { readonly run: () => unknown; readonly callback: unknown }[] = [];
  #ended = false;
  #full = false;
  #drain: Drain | undefined;
  #undo: (() => void)[] = [];

  constructor(res: OpenResponse, keeper: GateKeeper) {
    this.#res = res;
    this.#keeper = keeper;
    override(res, "writeHead", (below) => (...args) => this.#writeHead(below, args));
    override(res, "write", (below) => (...args) => this.#body("write", below, args));
    override(res, "end", (below) => (...args) => this.#body("end", below, args));
    override(res, "flushHeaders", (below) => (...args) => this.#body("flushHeaders", below, args));
  }

  #writeHead(below: Method, args: unknown[]): unknown {
    if (this.#phase === "refused") return this.#res;
    if (this.#phase === "held") return this.#secondHead(args);
    if (this.#phase === "open" && this.#holds(Number(args[0]))) {
      // Before the head counts as written: a header that Node refuses throws here, as it would without us.
      const [status, reason] = checkHead(absorbHead(this.#res, args));
      this.#hold(status, reason);
      return this.#res;
    }
    return this.#passHead(below, args);
  }

  /** Others may have wrapped `writeHead`; ours comes last but one, so nobody sets a header over the session's. */
  #passHead(below: Method, args: unknown[]): unknown {
    if (this.#headers.length === 0) return below(...args);
    const head = absorbHead(this.#res, args);
    applyToResponse(this.#res, this.#headers);
    this.#headers = NONE;
    return below(...head);
  }

  /** Wrappers that ask `_header` whether the head is out call it again with each write; others have made a mistake. */
  #secondHead(args: unknown[]): unknown {
    if (args.length > 1 || args[0] !== this.#res.statusCode) throw headersSent("write");
    return this.#res;
  }

  #body(name: "write" | "end" | "flushHeaders", below: Method, args: unknown[]): unknown {
    if (this.#phase === "open" && this.#holds(this.#res.statusCode)) this.#hold();
    if (this.#phase === "held") return this.#enqueue(name, below, args);
    if (this.#phase !== "refused") return below(...args);
    callBack(callbackOf(args), refused());
    return name === "write" ? true : this.#res;
  }

  #enqueue(name: string, below: Method, args: unknown[]): unknown {
    this.#queue.push({ run: () => below(...args), callback: callbackOf(args) });
    if (name === "end") this.#ended = true;
    if (name !== "write") return this.#res;
    this.#full = true;
    return false;
  }

  /** Asks for the commit; true when its answer has to be waited for. */
  #holds(status: number): boolean {
    if (this.#commit === undefined) {
      try {
        this.#commit = this.#keeper.commit(status);
      } catch (error) {
        this.#commit = Promise.reject(error);
      }
    }
    if (this.#commit instanceof Promise) return true;
    this.#pass(this.#commit);
    return false;
  }

  #pass(headers: readonly HeaderOp[]): void {
    this.#phase = "passing";
    this.#headers = headers;
  }

  #hold(status: number = this.#res.statusCode, reason?: string): void {
    const res = this.#res;
    this.#phase = "held";
    res.statusCode = status;
    if (reason !== undefined) res.statusMessage = reason;
    const head = { status, reason: res.statusMessage };
    this.#drain = new Drain(res);
    this.#undo = [
      ...NOT_WHILE_HELD.map((name) => override(res, name, (below) => (...args) => this.#guard(below, args))),
      override(res, "addTrailers", (below) => (...args) => this.#later(below, args)),
      pretend(res, "headersSent", () => true),
      pretend(res, "writableEnded", () => this.#ended),
    ];
    (this.#commit as Promise<readonly HeaderOp[]>).then(
      (headers) => this.#release(headers, head),
      (error) => this.#fail(error),
    );
  }

  #guard(below: Method, args: unknown[]): unknown {
    if (this.#phase === "held") throw headersSent("set");
    return below(...args);
  }

  #later(below: Method, args: unknown[]): unknown {
    if (this.#phase !== "held") return below(...args);
    this.#queue.push({ run: () => below(...args), callback: undefined });
    return undefined;
  }
}
