/** Requests of express-session over a store of ours, in every order of the calls that they make. */
import session from "express-session";
import { expect, it } from "vitest";
import { toExpressStore } from "../../src/stores/express-session.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { fc } from "../support/fast-check.ts";

const SID = "one";

type Data = session.SessionData & Record<string, unknown>;

const ask = <T>(run: (done: (error: unknown, result?: T | null) => void) => void): Promise<T | null> =>
  new Promise((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result ?? null))));

/** Each call of the store waits for its turn. */
function inTurns(inner: Store, scheduler: fc.Scheduler): Store {
  const wait = async <T>(verb: string, call: () => Promise<T>): Promise<T> => {
    await scheduler.schedule(Promise.resolve(), `${verb} is called`);
    const answer = await call();
    await scheduler.schedule(Promise.resolve(), `${verb} answers`);
    return answer;
  };
  return {
    name: inner.name,
    consistency: inner.consistency,
    get: (key) => wait("get", () => inner.get(key)),
    create: (key, record) => wait("create", () => inner.create(key, record)),
    update: (key, record, version) => wait("update", () => inner.update(key, record, version)),
    touch: (key, seenAt, expiresAt) => wait("touch", () => inner.touch(key, seenAt, expiresAt)),
    delete: (key) => wait("delete", () => inner.delete(key)),
  };
}

/** express-session's own store, as slow. */
class PreviousStore extends session.MemoryStore {
  #scheduler: fc.Scheduler | undefined;

  slowDown(scheduler: fc.Scheduler): void {
    this.#scheduler = scheduler;
  }
  #then(what: string, go: () => void): void {
    if (this.#scheduler) void this.#scheduler.schedule(Promise.resolve(), what).then(go);
    else go();
  }
  override get(sid: string, done: (error: unknown, found?: session.SessionData | null) => void): void {
    this.#then("previous get", () => super.get(sid, (error, found) => this.#then("…", () => done(error, found))));
  }
  override destroy(sid: string, done: (error?: unknown) => void = () => {}): void {
    this.#then("previous destroy", () => super.destroy(sid, (error) => this.#then("…", () => done(error))));
  }
}

async function world(scheduler: fc.Scheduler, moving: boolean) {
  const inner = memoryStore();
  const previous = new PreviousStore();
  const cookie = new session.Cookie();
  const first = moving ? previous : toExpressStore(inner, session);
  await ask((done) => first.set(SID, { cookie, n0: 0 } as Data, done));
  previous.slowDown(scheduler);
  const store = toExpressStore(inTurns(inner, scheduler), session, { previous, touchEvery: 0, timeout: 600_000 });

  /** As the middleware does it: load, wrap, change, save. */
  const request = async (change?: (data: Data) => void): Promise<void> => {
    const found = await ask<session.SessionData>((done) => store.get(SID, done));
    if (!found) return;
    const made = store.createSession({ sessionID: SID, sessionStore: store } as never, found) as unknown as Data;
    change?.(made);
    if (change) await ask((done) => store.set(SID, made, done));
    else await ask((done) => store.touch?.(SID, made, done as () => void));
  };
  const what = async (): Promise<Record<string, unknown> | null> => {
    const found = await ask<Data>((done) => store.get(SID, done as never));
    if (!found) return null;
    const { cookie: _, ...data } = found;
    return data;
  };
  return { store, request, what, inner, previous };
}

it.each([
  ["of a session that is there", false],
  ["of a session that the previous store has", true],
])("requests %s keep each other's properties", async (_, moving) => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const { request, what } = await world(scheduler, moving);
      const requests = [1, 2, 3].map((index) => request((data) => Object.assign(data, { [`n${index}`]: index })));
      const found = Promise.all([...requests, request()]).then(what);
      await scheduler.waitFor(found);
      expect(await found).toEqual({ n0: 0, n1: 1, n2: 2, n3: 3 });
    }),
    { numRuns: 150 },
  );
});

it.each([
  ["a session that is there", false],
  ["a session that the previous store has", true],
])("%s stays destroyed, whatever is under way", async (_, moving) => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const { store, request, what, inner } = await world(scheduler, moving);
      const all = Promise.all([
        request((data) => Object.assign(data, { n1: 1 })),
        request(),
        request((data) => Object.assign(data, { n2: 2 })),
        ask((done) => store.destroy(SID, done)),
      ]).then(what);
      await scheduler.waitFor(all);
      expect(await all).toBeNull();
      expect((await inner.scan()).items).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
