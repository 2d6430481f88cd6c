import { buildBenchmarks } from "./build.ts";
import { measureRequests, SUBJECTS } from "./requests.ts";
const built = await buildBenchmarks();
const only = process.argv[3] ? new RegExp(process.argv[3]) : /./;
const r = await measureRequests(built, SUBJECTS.filter(s => only.test(s.name)), Number(process.argv[2] ?? 8));
for (const b of r.bare) console.log(b.name, b.total.median.toFixed(1));
const f = (x: any) => x ? `${x.median.toFixed(1)} [${x.low.toFixed(1)}-${x.high.toFixed(1)}]` : "";
for (const row of r.rows) console.log(row.name.padEnd(30), row.action.padEnd(10), f(row.added).padEnd(24), f(row.ratio && {median: row.ratio.median, low: row.ratio.low, high: row.ratio.high}));
