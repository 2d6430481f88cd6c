/** An application over a store, as a Worker has it: made by the first request, and shared by all that come after. */
import { withSession } from "../../../src/adapters/fetch.ts";
import { createSessions, type Session, type UserSessions } from "../../../src/index.ts";
import { isUserStore, type Store } from "../../../src/stores/store.ts";

type Data = Record<string, number>;
type Application = (request: Request) => Promise<Response>;

/** Not a secret: it protects nothing. */
const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

const actions: Record<string, (session: Session<Data>, value: string, sessions: UserSessions<Data>) => unknown> = {
  read: (session) => ({ ...session.data }),
  who: (session) => session.userId ?? null,
  set: (session, key) => {
    session.data[key] = 1;
  },
  count: (session) => session.update("count", (count = 0) => count + 1),
  login: (session, userId) => session.login(userId),
  logout: (session) => session.logout(),
  devices: async (_, userId, sessions) => (await sessions.list(userId)).items.length,
  revoke: (_, userId, sessions) => sessions.revokeUser(userId),
};

/** Does what the path says, `/store/action/value`, and answers with what that gave. */
export function application(store: Store): Application {
  // KV has no users; what asks for them is then not asked for.
  const sessions = isUserStore(store)
    ? createSessions<Data>({ store, secrets: SECRET, maxSessionsPerUser: 3 })
    : (createSessions<Data>({ store, secrets: SECRET }) as unknown as UserSessions<Data>);
  return withSession(sessions, async (session, request) => {
    const [, , action = "", value = ""] = new URL(request.url).pathname.split("/");
    const act = actions[action];
    return act ? Response.json((await act(session, value, sessions)) ?? null) : new Response(null, { status: 404 });
  });
}
