import { createSessions } from "sojourn";
import { lazySessions } from "sojourn/adapter";
import { userSession } from "sojourn/nuxt";
import { fileStore } from "sojourn/stores/file";
import { memoryStore } from "sojourn/stores/memory";

export interface Data {
  user?: { id: string };
  count?: number;
  note?: string;
}

/** Made when it is first used: a build has no secret. */
export const sessions = lazySessions(() => {
  const { SESSIONS } = process.env; // a folder, for sessions that outlive the process
  return createSessions<Data>({ store: SESSIONS ? fileStore(SESSIONS) : memoryStore() });
});

/** By the names that nuxt-auth-utils made customary. */
export const { clearUserSession, getUserSession, requireUserSession, setUserSession, userSessionHandler } =
  userSession(sessions);
