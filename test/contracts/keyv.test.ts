import KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { afterAll } from "vitest";
import { keyvStore } from "../../src/stores/keyv.ts";
import type { Store } from "../../src/stores/store.ts";
import { startRedis } from "../servers/redis.ts";
import { contract } from "../support/contract.ts";

const server = await startRedis();
const redis = new KeyvRedis(`redis://127.0.0.1:${server.port}`, { throwOnErrors: true });
afterAll(async () => {
  await redis.disconnect(true);
  await server.close();
});

const clients = {
  "a Map": new Keyv({ throwOnErrors: true }),
  Redis: new Keyv({ store: redis, throwOnErrors: true, useKeyPrefix: false }),
};

for (const [name, client] of Object.entries(clients)) {
  const open = ({ clock, name }: { clock: () => number; name: string }) =>
    keyvStore(client, { clock, prefix: `${name}:` });

  await contract({
    title: `over ${name}`,
    handles: "shared",
    durable: true,
    open,
  });

  // Declared, it would be a lie: it holds as long as nobody else writes there.
  await contract({
    title: `over ${name}, as if this process were the only one`,
    handles: "shared",
    durable: true,
    histories: name === "a Map" ? 20 : 6,
    open: (context): Store => ({ ...open(context), consistency: "cas" }),
  });
}
