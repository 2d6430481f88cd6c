/** Sessions that the core made, with their cookies: requests without HTTP. */
import { createSessions, type Store } from "sojourn";
import { type Data, increment, SECRET, sample } from "../application.ts";
import { userOf } from "./population.ts";

export interface Visits {
  /** Logs somebody in; the cookie and the key of the session. */
  arrive(user: number): Promise<{ readonly cookie: string; readonly key: string }>;
  /** A request that changes its session: open, change, commit. */
  change(cookie: string): Promise<void>;
}

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

const source = (cookie: string | undefined) => ({
  method: "POST",
  url: "/",
  header: (name: string): string | undefined =>
    name === "cookie" ? cookie : name === "user-agent" ? AGENT : undefined,
});

/** @param users Whether the store can answer for a user; memcached cannot, and its sessions are nobody's. */
export function visitsTo(store: Store, clock: () => number, users: boolean): Visits {
  const lives = { idle: "7d", lifetime: "30d", rotateEvery: "30d", storeTimeout: "30s" } as const;
  const sessions = createSessions<Data>({ store, clock, secrets: SECRET, ...lives });
  return {
    async arrive(user) {
      const session = await sessions.open(source(undefined));
      Object.assign(session.data, sample());
      if (users) await session.login(userOf(user));
      const headers = await sessions.commit(session);
      const cookie = headers.find(({ name }) => name === "set-cookie")?.value.split(";")[0] ?? "";
      return { cookie, key: session.id as string };
    },
    async change(cookie) {
      const session = await sessions.open(source(cookie));
      if (increment(session.data) < 8) throw new Error("A session was not found again.");
      await sessions.commit(session);
    },
  };
}
