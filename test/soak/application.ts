/** The application under test: what a request asks for is in its address, and the answer says what the session holds. */
import type { AllSessions, Session } from "../../src/index.ts";

export type Data = Record<string, number | string>;

export interface Answer {
  /** Who the session belongs to; absent when nobody is logged in. */
  readonly user?: string | undefined;
  /** The device that logged in; kept in the data. */
  readonly owner?: string | undefined;
  readonly id?: string | undefined;
  readonly figures?: Readonly<Record<string, number>> | undefined;
  /** What `update` returned. */
  readonly value?: number | undefined;
  /** Whether `revoke` or `logout` found a session to end. */
  readonly ended?: boolean | undefined;
  readonly listed?: readonly { readonly id: string; readonly user: string | undefined }[] | undefined;
}

function tell(session: Session<Data>, more: Partial<Answer> = {}): Answer {
  const { owner, ...figures } = session.data;
  if (session.userId === undefined) return {};
  return {
    user: session.userId,
    owner: String(owner),
    id: session.id,
    figures: figures as Record<string, number>,
    ...more,
  };
}

type Route = (sessions: AllSessions<Data>, session: Session<Data>, query: URLSearchParams) => Promise<Answer>;

/** Routes for somebody who is logged in; everybody else is told that nobody is. */
const routes: Record<string, Route> = {
  read: async (_sessions, session) => tell(session),

  async set(_sessions, session, query) {
    session.data[query.get("name") ?? ""] = Number(query.get("value"));
    return tell(session);
  },

  async update(_sessions, session) {
    const value = await session.update("n", (n = 0) => Number(n) + 1);
    return tell(session, { value: Number(value) });
  },

  async logout(_sessions, session) {
    await session.logout();
    return { ended: true };
  },

  async list(sessions, session) {
    const { items } = await sessions.list(session.userId ?? "");
    return tell(session, { listed: items.map(({ id, userId }) => ({ id, user: userId })) });
  },

  async "revoke-others"(sessions, session) {
    await sessions.revokeOthers(session);
    return tell(session);
  },

  async revoke(sessions, session, query) {
    const ended = await sessions.revoke(query.get("id") ?? "");
    return tell(session, { ended });
  },
};

export function applicationOver(sessions: AllSessions<Data>): (session: Session<Data>, url: URL) => Promise<Answer> {
  return async (session, url) => {
    const query = url.searchParams;
    if (url.pathname === "/login") {
      session.data.owner = query.get("owner") ?? "";
      await session.login(query.get("user") ?? "");
      return tell(session);
    }
    if (session.userId === undefined) return {};
    return (routes[url.pathname.slice(1)] as Route)(sessions, session, query);
  };
}
