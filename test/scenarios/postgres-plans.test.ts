/**
 * Growth: every statement of the store finds its rows by an index. The server tells the plans that it ran, those inside
 * of functions too, so that what is judged is what the verbs send, prepared as they are.
 */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import { type PostgresStore, postgresStore } from "../../src/stores/postgres.ts";
import { startPostgres } from "../servers/postgres.ts";
import { until } from "../servers/process.ts";

const ROWS = 20_000;
const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

const server = await startPostgres([
  "session_preload_libraries=auto_explain",
  "auto_explain.log_min_duration=0",
  "auto_explain.log_analyze=on",
  "auto_explain.log_timing=off",
  "auto_explain.log_nested_statements=on",
  "auto_explain.log_format=json",
  "log_line_prefix=",
  "log_checkpoints=off",
  "autovacuum=off",
]);
const pool = new pg.Pool({ connectionString: server.url, max: 1 });
pool.on("error", () => {});
const now = NOW;
const store: PostgresStore = postgresStore(pool, { clock: () => now, sweepEvery: false });

beforeAll(async () => {
  await store.health();
  // Two thousand users, of whom one has a thousand sessions; every twentieth session is over.
  await pool.query(`INSERT INTO sojourn_sessions
    (key, version, created_at, seen_at, expires_at, sweep_at, user_id, payload)
    SELECT encode(sha256(n::text::bytea), 'hex'), n, at, at, at + life, at + life,
      'user-' || CASE WHEN n % 20 = 7 THEN 7 ELSE n % 2000 END, repeat('x', 300)
    FROM generate_series(1, ${ROWS}) AS n,
      LATERAL (SELECT to_timestamp(${NOW / 1000} - n % 3600) AS at,
        CASE WHEN n % 20 = 0 THEN interval '1 second' ELSE interval '2 days' END AS life) AS times`);
  await pool.query("INSERT INTO sojourn_sessions_epochs SELECT 'user-' || n, 1 FROM generate_series(1, 2000) AS n");
});
afterAll(async () => {
  await store.close();
  await pool.end();
  await server.close();
});

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Node[];
}

const flat = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(flat)];

/** The plans of the work, every part of them. */
async function plansOf(work: () => Promise<unknown>): Promise<readonly Node[]> {
  const mark = `mark ${Math.random()}`;
  await pool.query(`SELECT '${mark} begins'`);
  await work();
  await pool.query(`SELECT '${mark} ends'`);
  await until(() => server.output.includes(`${mark} ends`), 30, "the plans in the log");
  const log = server.output;
  const text = log.slice(log.indexOf(`${mark} begins`), log.indexOf(`${mark} ends`));
  const plans = text.matchAll(/plan:\n(\s*\{[\s\S]*?\n\s*\})\n(?=\S|\s*$)/g);
  return [...plans].flatMap(([, json = ""]) => flat((JSON.parse(json) as { Plan: Node }).Plan));
}

const key = async (index: number): Promise<string> => {
  const { rows } = await pool.query("SELECT encode(sha256($1::text::bytea), 'hex') AS key", [String(index)]);
  return (rows[0] as { key: string }).key;
};
const keys = (from: number, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => key(from + at)));
const record = (userId?: string): SessionRecord => ({
  payload: "x".repeat(300),
  userId,
  createdAt: now,
  seenAt: now,
  expiresAt: now + HOUR,
});

let made = 0;
const fresh = (): string => {
  made += 1;
  return `fresh-${made}`;
};

/** What each verb does, and the most rows of a table that it may look at. */
const verbs: Record<string, readonly [most: number, work: () => Promise<unknown>]> = {
  get: [1, async () => store.get(await key(11))],
  "many gets at once": [
    40,
    async () => {
      const keys = await Promise.all(Array.from({ length: 40 }, (_, index) => key(11 + index)));
      await Promise.all(keys.map((each) => store.get(each)));
    },
  ],
  create: [1, () => store.create(fresh(), record("user-3"))],
  update: [
    1,
    async () => store.update(await key(11), record("user-11"), (await store.get(await key(11)))?.version ?? 0),
  ],
  "many updates at once": [
    10,
    async () => {
      const all = await keys(41, 10);
      const found = await Promise.all(all.map((each) => store.get(each)));
      await Promise.all(all.map((each, at) => store.update(each, record(), found[at]?.version ?? 0)));
    },
  ],
  touch: [1, async () => store.touch(await key(12), now, now + 2 * HOUR)],
  delete: [1, async () => store.delete(await key(13 + made * 20))],
  epoch: [1, () => store.epoch("user-5")],
  admit: [
    20,
    async () => {
      const admission = { epoch: await store.epoch("user-6"), limit: 3 };
      return store.admit(fresh(), { ...record(), userId: "user-6" }, admission);
    },
  ],
  "list, the first page": [1_100, () => store.list("user-7")],
  "list, the second page": [1_100, async () => store.list("user-7", { cursor: (await store.list("user-7")).cursor })],
  "list of a user with few": [30, () => store.list("user-8")],
  deleteAll: [30, () => store.deleteAll(`user-${100 + made}`)],
  scan: [130, () => store.scan()],
  "scan, a later page": [130, async () => store.scan({ cursor: await key(500) })],
  // Over those that are over and were not swept yet, which stay where they are.
  clear: [250, () => store.clear({ limit: 100 })],
  deleteExpired: [100, () => store.deleteExpired({ limit: 50 })],
  health: [1, () => store.health()],
};

for (const state of ["before its tables were analysed", "after that"]) {
  describe(`PostgreSQL with ${ROWS} sessions, ${state}`, () => {
    if (state === "after that") beforeAll(() => pool.query("ANALYZE"));

    for (const [name, [most, work]] of Object.entries(verbs)) {
      it(`${name} walks no table`, async () => {
        // Seven times: from the sixth on a plan for any value may take over.
        for (let turn = 0; turn < 6; turn++) await work();
        const nodes = await plansOf(async () => {
          made += 1;
          await work();
        });
        expect(nodes.length).toBeGreaterThan(0);
        const touched = nodes.filter((node) => node["Relation Name"]?.startsWith("sojourn_sessions"));
        expect(touched.length).toBeGreaterThan(0);
        for (const node of touched) {
          // Three rows are all that this table has.
          if (node["Relation Name"] === "sojourn_sessions_meta") continue;
          expect(node["Node Type"]).not.toBe("Seq Scan");
          const rows = (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"];
          expect(rows, JSON.stringify(node)).toBeLessThanOrEqual(most);
        }
      });
    }
  });
}

it("a statement without an index would be found out", async () => {
  const nodes = await plansOf(() => pool.query("SELECT count(*) FROM sojourn_sessions WHERE payload = 'y'"));
  expect(nodes.map((node) => node["Node Type"])).toContain("Seq Scan");
});
