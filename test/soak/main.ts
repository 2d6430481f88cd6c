/**
 * `npm run soak`: every store over every fault of its server, with hundreds of clients. Prints a line for each and
 * writes the store's section of docs/faults.md; exits with 1 when a promise was broken.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readArguments } from "./arguments.ts";
import type { Backend, StartBackend } from "./backend.ts";
import { BACKENDS } from "./backends.ts";
import { runCampaign } from "./campaign.ts";
import { soakInterleavings } from "./interleavings.ts";
import { pageWith, type Row, rowOf, sectionOf, tell } from "./report.ts";

const page = fileURLToPath(new URL("../../docs/faults.md", import.meta.url));
const storeTimeout = 2_000;
const {
  stores,
  faults: chosen,
  seconds,
  clients,
  seed,
  think,
  histories,
  interleavings,
} = readArguments(process.argv.slice(2));
if (interleavings) process.exit((await soakInterleavings(seed)) ? 0 : 1);
const load = loadavg()[0] as number;
const rows: Row[] = [];

// Nothing else may be under way while a server is waited for.
const alive = setInterval(() => {}, 1_000);

/** Over a server of its own each time. */
async function run(store: string, fault: string): Promise<Row> {
  const backend = await startBackend(store);
  try {
    const { events, ...result } = await runCampaign({
      ...{ backend, fault, clients, seed, think, storeTimeout },
      ...{ before: 2_000, during: seconds * 1_000, after: 2_000, speed: 6, world: "Node", growth: 25 },
    });
    if (histories) {
      mkdirSync(histories, { recursive: true });
      const lines = events.map((event) => `${JSON.stringify(event)}\n`);
      writeFileSync(join(histories, `${store}-${fault}.jsonl`), lines.join(""));
    }
    return rowOf(store, fault, { ...result, events: [] });
  } catch (error) {
    return rowOf(store, fault, (error as Error).stack ?? String(error));
  } finally {
    await backend.close();
  }
}

const startBackend = (store: string): Promise<Backend> => (BACKENDS[store] as StartBackend)();

for (const store of stores) {
  const { server, promise, note, faults, close } = await startBackend(store);
  await close();
  const own: Row[] = [];
  for (const fault of Object.keys(faults).filter((name) => chosen?.includes(name) ?? true)) {
    own.push(await run(store, fault));
    tell(own.at(-1) as Row);
  }
  rows.push(...own);
  if (chosen) continue;
  const section = sectionOf({ server, promise, note }, faults, own, {
    clients,
    seconds,
    think,
    storeTimeout,
    seed,
    load,
  });
  writeFileSync(page, pageWith(existsSync(page) ? readFileSync(page, "utf8") : "", store, section));
}
clearInterval(alive);
if (rows.length === 0) throw new Error("no such fault");
process.exit(rows.every(({ clean }) => clean) ? 0 : 1);
