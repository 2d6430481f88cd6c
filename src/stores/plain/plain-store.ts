/**
 * A universal interface made a store: verbs that take turns and time out, a health check and a close.
 */
import { SessionError } from "../../errors.ts";
import { within } from "../parts/timeout.ts";
import type { ClosableStore, HealthStore } from "../store.ts";
import { lanesOf } from "./lanes.ts";
import type { PlainSettings } from "./options.ts";
import { patientSlots, type Slots } from "./slots.ts";
import { Verbs } from "./verbs.ts";

/**
 * A store over a universal interface: the five verbs, and the weakest of the promises. `"none"`: two updates of one
 * session in two processes at the same moment can both be told "ok", and one of them is lost. There is no listing, no
 * limit and no revocation by user, and none of that compiles.
 */
export interface PlainStore extends ClosableStore, HealthStore {
  readonly consistency: "none";
}

/** @param client What the slots are made of; stores over the same one take turns. */
export function plainStore(name: string, client: object, slots: Slots, settings: PlainSettings): PlainStore {
  const { prefix, clock, timeout } = settings;
  const verbs = new Verbs(patientSlots(slots, within(name, timeout)), lanesOf(client), prefix, clock);
  const running = new Set<Promise<unknown>>();
  let closed = false;

  const run = async <T>(call: () => Promise<T>): Promise<T> => {
    if (closed) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", `The ${name} store has been closed.`);
    const promise = call();
    running.add(promise);
    try {
      return await promise;
    } finally {
      running.delete(promise);
    }
  };

  return {
    name,
    consistency: "none",
    get: (key) => run(() => verbs.get(key)),
    create: (key, record) => run(() => verbs.create(key, { ...record })),
    update: (key, record, expected) => run(() => verbs.update(key, { ...record }, expected)),
    touch: (key, seenAt, expiresAt) => run(() => verbs.touch(key, seenAt, expiresAt)),
    delete: (key) => run(() => verbs.delete(key)),
    async close() {
      closed = true;
      await Promise.allSettled(running);
    },
    async health() {
      const start = performance.now();
      await run(() => verbs.health());
      return { latencyMs: performance.now() - start };
    },
  };
}
