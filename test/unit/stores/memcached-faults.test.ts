/** Every way in which a memcached or the network to it can fail. */
import { describe, expect, test } from "vitest";
import type { StoredRecord } from "../../../src/record.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { freeze } from "../../servers/freeze.ts";
import { until } from "../../servers/process.ts";
import { failure, recovered } from "../../support/failing.ts";
import { memcache, open, proxied, proxy, record, server } from "./memcached-bench.ts";

describe.each([
  ["its own client", (url: string) => url],
  ["a client of the package memcache", memcache],
])("faults, with %s", (_, source) => {
  test("a server that is killed has lost its sessions, which is absence, and is used again by itself", async () => {
    const store = open(source(server.url));
    await store.create("a", record());
    const found = (await store.get("a")) as StoredRecord;
    await store.create("b", record());
    await server.kill();
    for (const call of [() => store.get("a"), () => store.create("c", record()), () => store.delete("a")]) {
      expect((await failure(call)).ms).toBeLessThan(30_000);
    }
    await server.restart();
    await recovered(store);
    expect(await store.update("a", record(), found.version)).toEqual({ status: "gone" });
    expect(await store.touch("b", Date.now(), Date.now() + 9_000_000)).toBe(false);
    expect([await store.get("a"), await store.get("b")]).toEqual([null, null]);
    expect(await store.create("a", record())).not.toBeNull();
  });

  test("a server that is frozen fails every call within the timeout, and is used again when it goes on", async () => {
    const store = open(source(server.url), 1000);
    await store.create("a", record());
    await freeze(server);
    const failed = await together(50, (index) =>
      failure(() => (index % 2 ? store.get("a") : store.create(`k${index}`, record()))),
    );
    // Whoever comes later waits no longer.
    failed.push(await failure(() => store.get("a")));
    server.resume();
    for (const { ms } of failed) expect(ms).toBeLessThan(30_000);
    await recovered(store);
    expect((await store.get("a"))?.payload).toBe("data");
  });

  test("an answer that is lost after the server has done it is a failure, and is not done twice", async () => {
    const store = open(source(proxied), 1000);
    await store.create("a", record({ payload: "0" }));
    const first = (await store.get("a")) as StoredRecord;
    for (const silently of [false, true]) {
      const now = (await store.get("a")) as StoredRecord;
      const payload = `${now.payload}+count`;
      const dropped = proxy.dropAnswer({ matches: /count/, silently });
      await failure(() => store.update("a", { ...now, payload }, now.version));
      await dropped;
      proxy.heal();
      await recovered(store);
    }
    const found = (await store.get("a")) as StoredRecord;
    expect(found.payload).toBe("0+count+count");
    expect(await store.update("a", record(), first.version)).toEqual({ status: "conflict", current: found });
  });

  test("a network that is cut, refuses or swallows everything fails calls, and is used again when it heals", async () => {
    const store = open(source(proxied), 1000);
    await store.create("a", record({ payload: "x".repeat(300_000) }));
    for (const hurt of [() => proxy.cut(), () => proxy.refuse(), () => proxy.blackHole()]) {
      const reads = together(20, () =>
        store.get("a").then(
          (found) => found?.payload.length,
          () => "failed",
        ),
      );
      hurt();
      expect((await reads).every((read) => read === "failed" || read === 300_000)).toBe(true);
      proxy.cut();
      proxy.heal();
      await recovered(store);
      expect((await store.get("a"))?.payload).toHaveLength(300_000);
    }
    await until(() => proxy.connections <= 1, 30, "connections as before");
  });

  test("writes through all of it are done once or not at all, and what was ended stays so", async () => {
    const store = open(source(proxied), 1000);
    await store.create("counter", record({ payload: "0" }));
    let [attempted, acknowledged, stop] = [0, 0, false];
    const ended: string[] = [];
    const work = together(10, async (worker) => {
      for (let turn = 0; !stop; turn++) {
        const key = `w${worker}x${turn}`;
        try {
          await store.create(key, record());
          const read = await store.get(key);
          await store.delete(key);
          ended.push(key);
          expect(await store.update(key, record(), read?.version ?? "")).toEqual({ status: "gone" });
          const now = (await store.get("counter")) as StoredRecord;
          attempted += 1;
          const result = await store.update("counter", record({ payload: `${Number(now.payload) + 1}` }), now.version);
          if (result.status === "ok") acknowledged += 1;
          else attempted -= 1;
        } catch (error) {
          if (/toEqual|AssertionError/.test(String(error))) throw error;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
    for (let round = 0; round < 6; round++) {
      const reached = ended.length + 30;
      await until(() => ended.length > reached, 30, "some work");
      if (round % 3 === 0) proxy.cut();
      else if (round % 3 === 1) await proxy.dropAnswer({ matches: /cas|ms / });
      else await proxy.dropAnswer({ silently: true });
      proxy.heal();
    }
    stop = true;
    await work;
    await recovered(store);
    const count = Number((await store.get("counter"))?.payload);
    expect(count).toBeGreaterThanOrEqual(acknowledged);
    expect(count).toBeLessThanOrEqual(attempted);
    for (const key of ended) expect(await store.get(key)).toBeNull();
  });
});
