/** A process of its own that sweeps until nothing is left, while it also works with sessions that live. */
import pg from "pg";
import { postgresStore } from "../../src/stores/postgres.ts";

const [url = "", now = "0", name = "", live = "0"] = process.argv.slice(2);

const pool = new pg.Pool({ connectionString: url, max: 5 });
pool.on("error", () => {});
const store = postgresStore(pool, { clock: () => Number(now), sweepEvery: false });

// All begin at once: when the gate opens that the test holds.
const gate = await pool.connect();
await gate.query("SELECT pg_advisory_lock_shared(1)");
gate.release();

let removed = 0;
let over = false;
const sweeping = (async () => {
  for (let last = 1; last > 0; removed += last) last = await store.deleteExpired({ limit: 700 });
  over = true;
})();

/** Touches, changes, logins and revocations: what takes locks in other orders than the sweep. */
let missing = 0;
for (let turn = 0; !over || turn < 50; turn++) {
  const key = `live-${(turn * 7_919) % Number(live)}`;
  const found = await store.get(key);
  if (!found) missing += 1;
  const later = Number(now) + 9_000_000 + turn;
  const user = `${name}-${turn % 20}`;
  const epoch = await store.epoch(user);
  const record = { payload: "new", userId: user, createdAt: Number(now), seenAt: Number(now), expiresAt: later };
  await Promise.all([
    store.touch(key, later, later),
    found && store.update(key, { ...found, payload: `${name} ${turn}` }, found.version),
    store.admit(`${name}-${turn}`, record, { epoch, limit: 3 }),
    turn % 10 === 0 && store.deleteAll(user),
  ]);
}
await sweeping;
await store.close();
await pool.end();
process.stdout.write(JSON.stringify({ removed, missing }));
