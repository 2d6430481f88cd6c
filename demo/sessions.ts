/** The one place where sessions are set up, in each of the three modes. */
import { createSessions, type Session, type Sessions, type UserSessions } from "sojourn";
import { openStore } from "sojourn/stores";
import type { Settings } from "./settings.ts";

/** What the application keeps in a session. */
export interface Visit {
  count: number;
  note?: string;
}

declare global {
  namespace Express {
    interface Request {
      /** Put there by `expressSession`. */
      session: Session<Visit>;
    }
  }
}

export interface OpenSessions {
  readonly sessions: Sessions<Visit>;
  /** The same with the verbs that need a store with an index: list and revoke. Absent without one. */
  readonly devices: UserSessions<Visit> | undefined;
  close(): Promise<void>;
}

/**
 * Safari and most HTTP libraries take no `Secure` cookie over plain HTTP, not even from localhost. Leave this
 * out wherever there is HTTPS: the default is a `__Host-` cookie, and it is the one to have.
 */
const PLAIN_HTTP = { name: "sojourn-demo", insecure: true } as const;

export async function openSessions({ mode, store, https, production }: Settings): Promise<OpenSessions> {
  const options = {
    initial: (): Visit => ({ count: 0 }),
    cookie: https || production ? undefined : PLAIN_HTTP,
  } as const;

  if (mode === "stateless") {
    return { sessions: createSessions<Visit>(options), devices: undefined, close: async () => {} };
  }
  const data = mode === "tracked" ? "cookie" : "store";
  if (/^memcached:/i.test(store)) {
    // It keeps no index: nobody's sessions can be listed.
    const sessions = createSessions<Visit>({ ...options, data, store: await openStore(store, { users: false }) });
    return { sessions, devices: undefined, close: () => sessions.close() };
  }
  const sessions = createSessions<Visit>({ ...options, data, store: await openStore(store), maxSessionsPerUser: 20 });
  return { sessions, devices: sessions, close: () => sessions.close() };
}
