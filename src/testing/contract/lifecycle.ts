/**
 * Cases about what a store does beside its verbs for records: it tells of ended sessions (`watch`), closes, and says
 * how it is (`health`).
 */
import type {
  ClosableStore,
  HealthStore,
  ReplaceStore,
  ScanStore,
  Store,
  UserStore,
  WatchStore,
} from "../../stores/store.ts";
import {
  isEndStore,
  isHealthStore,
  isReplaceStore,
  isScanStore,
  isSweepStore,
  isUserStore,
} from "../../stores/store.ts";
import { equal, ok, rejects } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { replaceable } from "./replacing.ts";
import type { Trial } from "./trial.ts";
import { wait } from "./trial.ts";
import { admit } from "./users.ts";

/**
 * Watches, and ends sessions until one of them is told: a store may have to connect and to subscribe first, and tells
 * nothing of what ends meanwhile. They are left out of what `onEnded` hears; `probes` are those of other listeners.
 */
export async function listen(
  t: Trial,
  store: WatchStore,
  onEnded: (key: string) => unknown,
  probes: Set<string> = new Set(),
): Promise<() => void> {
  let begun = false;
  const stop = store.watch((key) => {
    if (probes.has(key)) begun = true;
    else onEnded(key);
  });
  // Who watches two backends hears one of them first.
  await wait(20);
  for (let turn = 0; turn < 200 && !begun; turn++) {
    const probe = await put(t, t.store);
    probes.add(probe);
    await t.store.delete(probe);
    if (!begun) await wait(10);
  }
  return stop;
}

/** Waits until the keys were told, and a little longer for what should not have been. */
export async function told(heard: readonly string[], expected: readonly string[], what: string): Promise<void> {
  for (let turn = 0; turn < 400 && heard.length < expected.length; turn++) await wait(10);
  await wait(20);
  equal([...heard].sort(), [...expected].sort(), what);
}

const watching: readonly Case<WatchStore>[] = [
  {
    name: "watch() tells of delete(), once, and not of one that found nothing",
    run: async (t) => {
      const heard: string[] = [];
      const stop = await listen(t, t.handle(1), (key) => heard.push(key));
      const key = await put(t, t.store);
      await t.store.delete(key);
      await t.store.delete(key);
      await t.store.delete(t.key());
      await told(heard, [key], "keys told");
      stop();
    },
  },
  {
    name: "watch() tells of deleteAll(), clear() and evictions, once each",
    run: async (t) => {
      const heard: string[] = [];
      const expected: string[] = [];
      const stop = await listen(t, t.handle(1), (key) => heard.push(key));
      const { store } = t;
      if (isUserStore(store)) {
        const users: UserStore = store;
        expected.push(await put(t, store, { userId: "ann" }), await put(t, store, { userId: "ann" }));
        const keep = await put(t, store, { userId: "ann" });
        await users.deleteAll("ann", { except: keep });
        expected.push(keep);
        await admit(t, users, "ann", t.key(), {
          limit: 1,
          onLimit: "evict-oldest",
          record: { createdAt: t.now() + 1 },
        });
      }
      if (isScanStore(store)) {
        await put(t, store);
        expected.push(...(await store.clear()));
      }
      await told(heard, expected, "keys told");
      stop();
    },
  },
  {
    name: "watch() does not tell of create(), update(), touch() or of another backend",
    run: async (t) => {
      const heard: string[] = [];
      const stop = await listen(t, t.handle(1), (key) => heard.push(key));
      const other = await t.isolated();
      const key = await put(t, t.store);
      const version = (await t.store.get(key))?.version ?? "";
      await t.store.update(key, t.record(), version);
      await t.store.touch(key, t.now(), t.now() + 7_200_000);
      await other.delete(await put(t, other));
      await told(heard, [], "keys told");
      stop();
    },
  },
  {
    name: "watch() tells every listener, whatever another one does, until it stops",
    run: async (t) => {
      const heard: string[] = [];
      const stopped: string[] = [];
      const probes = new Set<string>();
      const fails = (): never => {
        throw new Error("a listener that throws");
      };
      const stopBad = await listen(t, t.store, fails, probes);
      const stop = await listen(t, t.store, (key) => heard.push(key), probes);
      const stopEarly = await listen(t, t.store, (key) => stopped.push(key), probes);
      const [first, second] = [await put(t, t.store), await put(t, t.store)];
      equal(await t.store.delete(first), true, "delete() with a listener that throws");
      await told(heard, [first], "keys told");
      stopEarly();
      stopEarly();
      await t.store.delete(second);
      await told(heard, [first, second], "keys told to who stays");
      equal(stopped, [first], "keys told to who stopped");
      stop();
      stopBad();
    },
  },
];

export const watch: Group<WatchStore> = { name: "watch", cases: watching, acrossHandles: true };

const watchingReplace: readonly Case<ReplaceStore & WatchStore>[] = [
  {
    name: "watch() tells of a record that was replaced, once, and not of the one in its place",
    run: async (t) => {
      const heard: string[] = [];
      const stop = await listen(t, t.handle(1), (key) => heard.push(key));
      const old = await put(t, t.store, { userId: "ann" });
      const record = t.record({ userId: "ann" });
      const replaced = await replaceable(t, old);
      equal((await t.store.replace(t.key(), record, replaced)).status, "ok", "replace()");
      equal((await t.store.replace(t.key(), record, replaced)).status, "conflict", "replace() again");
      await told(heard, [old], "keys told");
      stop();
    },
  },
];

export const watchReplace: Group<ReplaceStore & WatchStore> = {
  name: "watch of replace",
  cases: watchingReplace,
  acrossHandles: true,
};

const closing: readonly Case<ClosableStore>[] = [
  {
    name: "a closed store rejects every verb, and can be closed again",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      const version = (await t.store.get(key))?.version ?? "";
      const epoch = isUserStore(t.store) ? await t.store.epoch("ann") : "";
      await t.store.close();
      await t.store.close();
      const store: Store = t.store;
      await rejects(() => store.get(key), "get()");
      await rejects(() => store.create(t.key(), t.record()), "create()");
      await rejects(() => store.update(key, t.record(), version), "update()");
      await rejects(() => store.touch(key, t.now(), t.now() + 1), "touch()");
      await rejects(() => store.delete(key), "delete()");
      if (isEndStore(store)) await rejects(() => store.end(key, t.record(), version), "end()");
      if (isUserStore(store)) {
        await rejects(() => store.epoch("ann"), "epoch()");
        await rejects(() => store.list("ann"), "list()");
        await rejects(() => store.deleteAll("ann"), "deleteAll()");
        if (isReplaceStore(store)) {
          const old = { key, version, record: t.record() };
          await rejects(() => store.replace(t.key(), t.record(), old), "replace()");
        }
        await rejects(() => store.admit(t.key(), { ...t.record(), userId: "ann" }, { epoch }), "admit()");
      }
      if (isScanStore(store)) {
        await rejects(() => store.scan(), "scan()");
        await rejects(() => store.clear(), "clear()");
      }
      if (isSweepStore(store)) await rejects(() => store.deleteExpired(), "deleteExpired()");
      if (isHealthStore(store)) await rejects(() => store.health(), "health()");
    },
  },
  {
    name: "close() of one store leaves another over the same backend at work",
    needs: ["shared"],
    run: async (t) => {
      const key = await put(t, t.store);
      const other = await t.another();
      await other.get(key);
      await other.close();
      equal((await t.store.get(key)) !== null, true, "get()");
      await put(t, t.store);
    },
  },
  {
    name: "close() waits for the writes that were under way",
    needs: ["durable"],
    run: async (t) => {
      const keys = Array.from({ length: 10 }, () => t.key());
      const writes = keys.map((key) => t.store.create(key, t.record()).catch(() => null));
      await t.store.close();
      const versions = await Promise.all(writes);
      const again = await t.reopen();
      for (const [index, key] of keys.entries()) {
        if (versions[index] !== null) ok((await again.get(key)) !== null, "an acknowledged record is there");
      }
    },
  },
];

export const close: Group<ClosableStore> = { name: "close", cases: closing };

export const health: Group<HealthStore> = {
  name: "health",
  cases: [
    {
      name: "health() says how long the backend took",
      run: async (t) => {
        const { latencyMs } = await t.store.health();
        ok(Number.isFinite(latencyMs) && latencyMs >= 0, "latencyMs is a number of milliseconds");
      },
    },
    {
      name: "health() leaves nothing behind and ends nothing, whoever asks at once",
      run: async (t) => {
        const { store } = t;
        const key = await put(t, store, { userId: "ann" });
        await Promise.all([store.health(), store.health(), store.health()]);
        if (isScanStore(store)) {
          const { items } = await (store as ScanStore).scan();
          equal(
            items.map((entry) => entry.key),
            [key],
            "scan()",
          );
        }
        ok((await store.get(key)) !== null, "a session is left alone");
      },
    },
  ],
};
