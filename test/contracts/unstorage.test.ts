import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStorage, type Driver } from "unstorage";
import fs from "unstorage/drivers/fs";
import memory from "unstorage/drivers/memory";
import { afterAll } from "vitest";
import type { Store } from "../../src/stores/store.ts";
import { unstorageStore } from "../../src/stores/unstorage.ts";
import { contract } from "../support/contract.ts";

const folder = await mkdtemp(join(tmpdir(), "sojourn-unstorage-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const clients = {
  "a storage in memory": createStorage(),
  "a driver over files": fs({ base: folder }) as Driver,
  "a mounted driver": createStorage().mount("sessions", memory()),
};

for (const [name, client] of Object.entries(clients)) {
  const open = (context: { clock: () => number; name: string }) =>
    unstorageStore(client, { clock: context.clock, prefix: `sessions:${context.name}:`, onlyProcess: true });

  await contract({
    title: `over ${name}`,
    handles: "shared",
    durable: true,
    open,
  });

  // Declared, it would be a lie: it holds as long as nobody else writes there.
  if (name === "a mounted driver") continue;
  await contract({
    title: `over ${name}, as if this process were the only one`,
    handles: "shared",
    durable: true,
    histories: name === "a storage in memory" ? 40 : 4,
    open: (context): Store => ({ ...open(context), consistency: "cas" }),
  });
}
