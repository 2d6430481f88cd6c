/** Asks the endpoint, one question after another: answers that overtake each other would bring back what is over. */
import type { SessionFacts } from "./facts.ts";
import type { ClientPlatform } from "./platform.ts";
import type { Known } from "./view.ts";

/** A page that asks while its new cookie is still on its way is told of the id that was replaced. */
const MOST_IN_TRANSIT = 3;
const TRANSIT_MS = 1_000;

export class Reader<Public> {
  readonly #platform: ClientPlatform;
  readonly #endpoint: string;
  readonly #header: string;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting: Promise<Known<Public> | undefined> | undefined;

  constructor(platform: ClientPlatform, endpoint: string, header: string) {
    this.#platform = platform;
    this.#endpoint = endpoint;
    this.#header = header;
  }

  /** No sign of life. Undefined when there was no answer. */
  look(): Promise<Known<Public> | undefined> {
    // One that has not been sent yet will do for all who ask meanwhile.
    this.#waiting ??= this.#inTurn(() => {
      this.#waiting = undefined;
      return this.#answer("GET");
    });
    return this.#waiting;
  }

  /** With a CSRF token. */
  lookForToken(): Promise<Known<Public> | undefined> {
    return this.#inTurn(() => this.#answer("GET", undefined, true));
  }

  /** A sign of life. With `csrf.tokens: "always"` it needs a token, which is fetched when it is missing. */
  keepAlive(token: string | undefined): Promise<Known<Public> | undefined> {
    return this.#inTurn(async () => {
      const answer = await this.#send("POST", token, false);
      if (typeof answer === "object") return answer;
      if (answer !== 403) return undefined;
      const fresh = (await this.#answer("GET", undefined, true))?.facts.csrfToken;
      return fresh === undefined ? undefined : this.#answer("POST", fresh);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result;
    return result;
  }

  async #answer(method: string, token?: string, csrf = false, attempt = 1): Promise<Known<Public> | undefined> {
    const answer = await this.#send(method, token, csrf);
    if (typeof answer !== "object") return undefined;
    if (answer.facts.because !== "replaced" || attempt > MOST_IN_TRANSIT) return answer;
    await new Promise<void>((resolve) => void this.#platform.setTimeout(resolve, TRANSIT_MS));
    return this.#answer(method, token, csrf, attempt + 1);
  }

  /** What was told, or the status that it was refused with. A server that is down says nothing about the session. */
  async #send(method: string, token: string | undefined, csrf: boolean): Promise<Known<Public> | number> {
    const at = this.#platform.now();
    const url = csrf ? `${this.#endpoint}${this.#endpoint.includes("?") ? "&" : "?"}csrf=1` : this.#endpoint;
    const headers = { accept: "application/json", ...(token === undefined ? {} : { [this.#header]: token }) };
    try {
      const response = await this.#platform.fetch(url, {
        method,
        headers,
        credentials: "same-origin",
        cache: "no-store",
      });
      if (!response.ok) return response.status;
      return { facts: (await response.json()) as SessionFacts<Public>, at };
    } catch {
      return 0;
    }
  }
}
