import { describe, it } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { storeContract } from "../../src/testing/index.ts";

await storeContract({ describe, it, open: ({ clock }) => memoryStore({ clock }) });
