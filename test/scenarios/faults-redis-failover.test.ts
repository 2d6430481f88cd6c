/** Forty clients over masters that die, freeze or are cut off from their replicas: the short form of `npm run soak`. */
import { startClusterBackend } from "../soak/backends/cluster.ts";
import { startSentinelBackend } from "../soak/backends/sentinel.ts";
import { shortForms } from "../soak/short.ts";

await shortForms(() => startSentinelBackend({ careful: true }), ["failover", "split"]);
await shortForms(startClusterBackend, ["failover"]);
