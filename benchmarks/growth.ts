/** A million sessions in memory: what each costs over its key, and how long a slice of the sweep holds up others. */
import { memoryStore } from "sojourn/stores/memory";
import { answerQuestions } from "./child.ts";
import { figure, quantile } from "./statistics.ts";

export interface Growth {
  readonly sessions: number;
  readonly bytesEach: number;
  /** Microseconds of one read, at random. */
  readonly read: number;
  /** Milliseconds of one call of `deleteExpired`, of 50 records: median, 99th percentile, longest. */
  readonly sweep: readonly [median: number, p99: number, longest: number];
}

const SESSIONS = 1_000_000;
const PAYLOAD = "x".repeat(300);

const keyOf = (index: number): string => `${index}`.padStart(43, "k");
const heap = (): number => {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
};

answerQuestions<string, Growth>(async () => {
  let now = 1_000_000;
  const store = memoryStore({ maxSessions: 2_000_000, maxBytes: 2 ** 40, clock: () => now });
  const keys = Array.from({ length: SESSIONS }, (_, index) => Buffer.from(keyOf(index)).toString("latin1"));
  const before = heap();
  for (const [index, key] of keys.entries()) {
    // A payload of its own, as from a request: the same text again would cost nothing.
    const payload = Buffer.from(PAYLOAD + index).toString("latin1", 0, 300);
    await store.create(key, { payload, createdAt: now, seenAt: now, expiresAt: now + 60_000 + index });
  }
  const bytesEach = (heap() - before) / SESSIONS;
  const start = performance.now();
  for (let index = 0; index < 100_000; index++) await store.get(keys[(index * 7_919) % SESSIONS] as string);
  const read = ((performance.now() - start) * 1_000) / 100_000;
  now += 60_000 + SESSIONS;
  const slices: number[] = [];
  for (let removed = 1; removed > 0 && slices.length < 2_000; ) {
    const began = performance.now();
    removed = await store.deleteExpired({ limit: 50 });
    slices.push(performance.now() - began);
  }
  await store.close();
  return {
    sessions: SESSIONS,
    bytesEach,
    read,
    sweep: [figure(slices).median, quantile(slices, 0.99), Math.max(...slices)],
  };
});
