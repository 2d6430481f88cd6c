/** A cookie jar with its eyes open: whatever a response does to the cookie must be its business. */
import type { Random } from "../../src/testing/random.ts";
import type { Server } from "../support/client.ts";
import type { Answer } from "./application.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Grave } from "./known.ts";
import type { Ledger } from "./ledger.ts";
import { tokenOf } from "./token.ts";

const ORIGIN = "https://app.example";

export interface World {
  /** The processes of the application. */
  readonly servers: readonly Server[];
  readonly ledger: Ledger;
  readonly chronicle: Chronicle;
  readonly random: Random;
  readonly graves: Grave[];
  /** Whether a client stays with one process. */
  readonly sticky: boolean;
  readonly staleness: number;
  /** Whether the fault makes two of the servers, each with its own truth. */
  readonly divided: boolean;
  /** Whether the store knows a user's sessions. */
  readonly users: boolean;
}

export interface Reply {
  readonly status: number;
  readonly answer: Answer;
  readonly startedAt: number;
}

export class Browser {
  readonly #world: World;
  readonly #number: number;
  cookie = "";
  /** When the last request that succeeded began. */
  succeededAt = 0;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#number = number;
  }

  async ask(path: string, kind: "login" | "logout" | "other" = "other"): Promise<Reply> {
    const { ledger } = this.#world;
    const presented = this.cookie;
    const startedAt = performance.now();
    const response = await this.fetch(path, presented);
    if (!response) return { status: 0, answer: {}, startedAt };
    const { status } = response;
    this.#keep(response, presented, kind);
    if (status === 200) {
      this.succeededAt = Math.max(this.succeededAt, startedAt);
      return { status, answer: (await response.json()) as Answer, startedAt };
    }
    const text = await response.text();
    // 409: a login whose answer was lost has replaced the id, so that a write with the old one is not kept.
    if (status !== 503 && status !== 401 && status !== 409)
      ledger.breaks("status", `${status} for ${path.split("?")[0]}: ${text.trim()}`);
    return { status, answer: {}, startedAt };
  }

  /** Undefined when there was no answer at all, which is nothing that a store may cause. */
  async fetch(path: string, cookie: string): Promise<Response | undefined> {
    const { servers, ledger, random, sticky } = this.#world;
    const server = (sticky ? servers[this.#number % servers.length] : random.pick(servers)) as Server;
    const headers: Record<string, string> = { "sec-fetch-site": "same-origin" };
    if (cookie !== "") headers.cookie = cookie;
    const startedAt = performance.now();
    const { lag } = ledger;
    try {
      const method = path === "/read" || path === "/list" ? "GET" : "POST";
      const response = await server(new Request(ORIGIN + path, { method, headers }));
      ledger.answered(response.status, startedAt, lag);
      return response;
    } catch (error) {
      ledger.answered(0, startedAt, lag);
      ledger.breaks("status", `no answer for ${path.split("?")[0]}: ${String(error)}`);
      return undefined;
    }
  }

  /** Only a login, a logout and a new generation may touch the cookie. */
  #keep(response: Response, presented: string, kind: "login" | "logout" | "other"): void {
    const { ledger } = this.#world;
    for (const line of response.headers.getSetCookie()) {
      const cookie = line.split(";")[0] as string;
      if (cookie.endsWith("=")) {
        if (kind !== "logout") ledger.breaks("cookie", `cleared, status ${response.status}`);
        else this.cookie = "";
      } else if (kind === "login") this.cookie = cookie;
      else if (presented === "") ledger.breaks("cookie", `set with status ${response.status}, for nobody`);
      // With a 503 too: the session's next generation may be stored before, or although, something else failed.
      else this.#renew(cookie, presented);
    }
  }

  #renew(cookie: string, presented: string): void {
    const { ledger } = this.#world;
    const given = tokenOf(cookie);
    if (given.id !== tokenOf(presented).id) {
      ledger.breaks("cookie", "replaced by that of another session");
      return;
    }
    const held = this.cookie === "" ? undefined : tokenOf(this.cookie);
    // A response that comes after those of a later login is a browser's own affair.
    if (held?.id !== given.id) return;
    if (given.generation < held.generation) {
      ledger.breaks("cookie", `generation ${given.generation} after ${held.generation}`);
      return;
    }
    if (given.generation > held.generation) ledger.rotations += 1;
    this.cookie = cookie;
  }
}
