// A server that may use any store, and says what became of each.
import { createSessions } from "sojourn";
import { openStore } from "sojourn/stores";
import { memoryStore } from "sojourn/stores/memory";
import { mysqlStore } from "sojourn/stores/mysql";
import { postgresStore } from "sojourn/stores/postgres";
import { redisStore } from "sojourn/stores/redis";
import { sqliteStore } from "sojourn/stores/sqlite";

async function count(store) {
  const sessions = createSessions({ store });
  let cookie = "";
  for (let turn = 1; ; turn++) {
    const request = new Request("https://app.example/", { headers: { cookie } });
    const response = await sessions.handle(request, async (session) =>
      Response.json({ n: await session.update("n", (n = 0) => n + 1) }),
    );
    cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    if (turn === 2) return response.text();
  }
}

if ([mysqlStore, postgresStore, openStore].some((each) => typeof each !== "function")) throw new Error("not bundled");
const sqlite = sqliteStore("./data/webpack.db");
const counted = `sqlite ${await count(sqlite)} memory ${await count(memoryStore())}`;
await sqlite.close();
// No driver of Redis is installed: the error has to say so.
const failure = await redisStore("redis://127.0.0.1:1")
  .get("key")
  .catch((error) => error);
console.log(`${counted} redis ${(failure.cause ?? failure).code}`);
