/** On `node:http`: Sojourn in each of its modes, and iron-session. */
import { join } from "node:path";
import { createSessions } from "sojourn";
import { withSession } from "sojourn/node";
import { memoryStore } from "sojourn/stores/memory";
import { sqliteStore } from "sojourn/stores/sqlite";
import { type Data, increment, SECRET } from "../application.ts";
import { peer } from "../peers.ts";
import { type MakeServer, send, serve } from "./serve.ts";

type NodeSessions = Parameters<typeof withSession<Data>>[0];

export function sojourn(sessions: NodeSessions): ReturnType<MakeServer> {
  return serve(
    withSession(sessions, (req, res, session) => {
      if (req.url === "/anonymous") return send(res, 0);
      send(res, req.url === "/change" ? increment(session.data) : session.data.count);
    }),
  );
}

export const secrets = `k1:${SECRET}`;

/** The part of iron-session that is used. */
interface Iron {
  getIronSession(req: unknown, res: unknown, options: object): Promise<Data & { save(): Promise<void> }>;
}

function ironSession(): ReturnType<MakeServer> {
  const { getIronSession } = peer<Iron>("iron-session");
  const options = { password: SECRET, cookieName: "session" };
  return serve(async (req, res) => {
    if (req.url === "/anonymous") return send(res, 0);
    const session = await getIronSession(req, res, options);
    if (req.url !== "/change") return send(res, session.count);
    const count = increment(session);
    await session.save();
    send(res, count);
  });
}

export const nodeServers: Record<string, MakeServer> = {
  "Sojourn, memory": () => sojourn(createSessions<Data>({ secrets, store: memoryStore() })),
  "Sojourn, SQLite": ({ folder }) =>
    sojourn(createSessions<Data>({ secrets, store: sqliteStore(join(folder, "sojourn.db")) })),
  "Sojourn, sealed": () => sojourn(createSessions<Data>({ secrets })),
  "Sojourn, sealed, tracked": () => sojourn(createSessions<Data>({ secrets, store: memoryStore(), data: "cookie" })),
  "iron-session": ironSession,
};
