/**
 * How the objects of a store are asked: which one has a key, what is sent to it, and what may be asked again.
 */
import { SessionError } from "../../../errors.ts";
import type { SessionKey } from "../../../record.ts";
import { explained } from "../../sql/sqlite-faults.ts";
import type { ObjectBinding } from "./binding.ts";
import type { AllVerbs, Answers, Place } from "./wide-verbs.ts";

/** A question to an object, as JSON. */
export interface Question {
  readonly verb: string;
  readonly now: number;
  readonly args: readonly unknown[];
}

const LIMIT = "A Durable Object takes at most 2 MB in one row";

/** What gives the same when it is asked twice. */
const REPEATABLE: ReadonlySet<string> = new Set<keyof AllVerbs>([
  ...(["get", "touch", "epoch", "list", "scan", "sessionsOf", "isOwnedBy"] as const),
  ...(["markUser", "markEverybody", "deleteExpired", "probe"] as const),
]);

/** The objects of a store, from outside. */
export class Objects {
  readonly place: Place;
  readonly #namespace: ObjectBinding;

  constructor(namespace: ObjectBinding, place: Place) {
    this.#namespace = namespace;
    this.place = place;
  }

  /** The numbers of all. */
  get all(): readonly number[] {
    return Array.from({ length: this.place.shards }, (_, index) => index);
  }

  /** The object of a key or a user: FNV-1a, so that they are spread evenly, whatever they look like. */
  of(text: SessionKey | string): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return (hash >>> 0) % this.place.shards;
  }

  /**
   * Asks one. An object is begun anew with every deployment, and what was under way then fails with an error that says
   * so: what does no harm twice is asked again, once. A new stub each time, for one that failed stays broken.
   */
  async ask<Verb extends keyof AllVerbs>(
    index: number,
    now: number,
    verb: Verb,
    ...args: Parameters<AllVerbs[Verb]>
  ): Promise<ReturnType<AllVerbs[Verb]>> {
    const body = JSON.stringify({ verb, now, args } satisfies Question);
    try {
      return (await this.#once(index, body)) as ReturnType<AllVerbs[Verb]>;
    } catch (error) {
      if (!REPEATABLE.has(verb) || !isRetryable(error)) throw explained(error, LIMIT);
      return (await this.#once(index, body)) as ReturnType<AllVerbs[Verb]>;
    }
  }

  /** Asks by the number, at this instant. */
  asking(now: number): Answers {
    return (index, verb, ...args) => this.ask(index, now, verb, ...args);
  }

  async #once(index: number, body: string): Promise<unknown> {
    const { name, shards, locationHint } = this.place;
    // The number of shards is in the name: with another number, a key is somewhere else.
    const id = this.#namespace.idFromName(shards === 1 ? name : `${name}/${index}/${shards}`);
    const stub = this.#namespace.get(id, locationHint === undefined ? undefined : { locationHint });
    const answer = await stub.fetch("https://sojourn.invalid/", { method: "POST", body });
    if (answer.ok) return ((await answer.json()) as { result: unknown }).result;
    throw new SessionError(
      "SOJOURN_STORE_UNAVAILABLE",
      `The Durable Object answered ${answer.status}: is it bound to the class SessionObject of this release?`,
    );
  }
}

function isRetryable(error: unknown): boolean {
  const { retryable, overloaded } = error as { retryable?: unknown; overloaded?: unknown };
  return retryable === true && overloaded !== true;
}
