import { expect, it } from "vitest";
import { ask, startRedis, startRedisCluster, startSentinel } from "../../servers/redis.ts";
it("single", async () => {
  const t = Date.now();
  const s = await startRedis();
  console.log("single", Date.now() - t);
  expect(await ask(s.port, "PING")).toBe("+PONG\r\n");
  await s.kill();
  expect(s.running).toBe(false);
  await s.restart();
  s.pause();
  await expect(ask(s.port, "PING")).rejects.toThrow();
  s.resume();
  expect(await ask(s.port, "PING")).toBe("+PONG\r\n");
  const t2 = Date.now();
  await s.stop();
  console.log("stop", Date.now() - t2);
  await s.close();
});
it("cluster", async () => {
  const t = Date.now();
  const s = await startRedisCluster();
  console.log("cluster", Date.now() - t, (await s.masters()).length);
  await s.close();
});
it("sentinel", async () => {
  const t = Date.now();
  const s = await startSentinel();
  console.log("sentinel", Date.now() - t, await s.masterPort());
  await s.servers[0]!.kill();
  const old = s.servers[0]!.port;
  while ((await s.masterPort()) === old) await new Promise((r) => setTimeout(r, 50));
  console.log("failed over", Date.now() - t);
});
