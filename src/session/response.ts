/**
 * What the answer does to the client's copy of the session, and whether it has begun.
 */
import type { HeaderOp } from "../transport/transport.ts";

/** `value` hands out the session as it is now, `clear` takes the client's copy away. */
export type CookieAction = "nothing" | "value" | "clear";

type Headers = readonly HeaderOp[];

export class SessionResponse {
  #action: CookieAction = "nothing";
  #headers: Headers | Promise<Headers> | undefined;
  #used = false;
  /** The value to be handed out is of a verb of this request, and so another request may have replaced it since. */
  #ofVerb = false;

  /** Whether the application used the session in any way, so that caches must not keep the response. */
  get used(): boolean {
    return this.#used;
  }

  use(): void {
    this.#used = true;
  }

  get action(): CookieAction {
    return this.#action;
  }

  get ofVerb(): boolean {
    return this.#ofVerb && this.#action === "value";
  }

  /** The client is to hold the session's present value. */
  handOut(ofVerb = false): void {
    this.#action = "value";
    this.#ofVerb = ofVerb;
  }

  /** The client is to hold nothing, when it does hold something. */
  takeAway(holds: boolean): void {
    if (holds || this.#action === "value") this.#action = "clear";
  }

  /** The client, who may have a newer value by now, is told nothing. */
  withhold(): void {
    this.#action = "nothing";
  }

  /** The session ended elsewhere: what it would have been handed is dead. A copy that is to go, goes. */
  withholdValue(): void {
    if (this.#action === "value") this.#action = "nothing";
  }

  /** From when the commit begins; undefined again when it fails. */
  get committed(): Headers | Promise<Headers> | undefined {
    return this.#headers;
  }

  begin(headers: Promise<Headers>): Promise<Headers> {
    this.#headers = headers;
    return headers;
  }

  finish(headers: Headers): Headers {
    this.#headers = headers;
    return headers;
  }

  /** The commit failed, and may be tried again. */
  reopen(): void {
    this.#headers = undefined;
  }
}
