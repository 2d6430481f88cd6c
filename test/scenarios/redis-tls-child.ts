/** Keeps a session in the store of a URL, and prints it. */
import { openStore } from "../../src/stores/open.ts";

const store = await openStore(process.argv[2] ?? "");
const now = Date.now();
await store.create("key", { payload: "{}", createdAt: now, seenAt: now, expiresAt: now + 60_000 });
process.stdout.write((await store.get("key"))?.payload ?? "nothing");
await store.close();
