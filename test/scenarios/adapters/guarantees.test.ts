/** Races, mounting and HTTP/2, whichever adapter serves: the same expectations for all of them. */
import { guarantees } from "../../support/adapter-suites/guarantees.ts";
import { adapters } from "../../support/adapters.ts";
import { otherWays } from "../../support/other-ways.ts";

for (const adapter of adapters) guarantees(adapter, otherWays[adapter.name]);
