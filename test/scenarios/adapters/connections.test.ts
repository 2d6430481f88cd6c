/** What a client may rely on over a real connection, whichever adapter of Node serves it. */
import { connections } from "../../support/adapter-suites/connections.ts";
import { adapters } from "../../support/adapters.ts";

for (const adapter of adapters.filter(({ name }) => /node|express/.test(name))) connections(adapter);
