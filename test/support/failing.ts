import { expect } from "vitest";
import type { HealthStore } from "../../src/stores/store.ts";
import { until } from "../servers/process.ts";

/** Of a call that must fail: with what, and how long it took. */
export async function failure(call: () => Promise<unknown>): Promise<{ readonly ms: number; readonly error: unknown }> {
  const start = performance.now();
  const error = await call().then(
    () => expect.fail("answered"),
    (reason: unknown) => reason,
  );
  return { ms: performance.now() - start, error };
}

/** Waits until the store is at work again, by itself. */
export const recovered = (store: HealthStore): Promise<void> => until(() => store.health(), 30, "recovery");
