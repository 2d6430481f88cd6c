import { createSessions } from "sojourn";
import { sqliteStore } from "sojourn/stores/sqlite";

const sessions = createSessions({ store: sqliteStore("./data/nitro.db"), cookie: { insecure: true } });

export default (event) =>
  sessions.handle(event.req, async (session) => Response.json({ n: await session.update("n", (n = 0) => n + 1) }));
