import { memoryStore } from "../../src/stores/memory.ts";
import { contract } from "../support/contract.ts";

await contract({ open: ({ clock }) => memoryStore({ clock }) });
