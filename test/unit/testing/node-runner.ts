/** The suite under `node --test`; started by contract.test.ts. */
import { describe, it } from "node:test";
import { memoryStore } from "../../../src/stores/memory.ts";
import { storeContract } from "../../../src/testing/index.ts";

await storeContract({ describe, it, open: ({ clock }) => memoryStore({ clock }), histories: 5 });
