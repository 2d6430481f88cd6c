/** What a client may rely on, whichever adapter serves it: the same expectations for all of them. */
import { requests } from "../../support/adapter-suites/requests.ts";
import { adapters } from "../../support/adapters.ts";

for (const adapter of adapters) requests(adapter);
