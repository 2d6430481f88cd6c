/**
 * The calls under way in a store over other stores, which its close waits for before it closes those.
 */
import { SessionError } from "../../errors.ts";
import type { Store } from "../store.ts";
import { isClosableStore } from "../store.ts";

type Verb = (...args: never[]) => Promise<unknown>;

/** Lets calls in until it is closed; then waits for those under way, of which each may be several of a store's. */
export class Door {
  readonly #underWay: Set<Promise<unknown>> = new Set();
  #closing: Promise<void> | undefined;

  /** The same verbs, which reject once the door is closed. */
  guard<Verbs extends Readonly<Record<string, Verb>>>(verbs: Verbs): Verbs {
    const guarded = Object.entries(verbs).map(([name, verb]) => [
      name,
      async (...args: never[]): Promise<unknown> => {
        this.checkOpen();
        const call = verb(...args);
        this.#underWay.add(call);
        return call.finally(() => this.#underWay.delete(call));
      },
    ]);
    return Object.fromEntries(guarded) as Verbs;
  }

  checkOpen(): void {
    if (!this.#closing) return;
    throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The migrating store has been closed.");
  }

  close(stores: readonly Store[]): Promise<void> {
    this.#closing ??= this.#close(stores);
    return this.#closing;
  }

  async #close(stores: readonly Store[]): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
    const closing = stores.map(async (store) => isClosableStore(store) && store.close());
    const failed = (await Promise.allSettled(closing)).find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
  }
}
