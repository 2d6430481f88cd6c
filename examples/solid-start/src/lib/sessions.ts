import { createSessions, type Session } from "sojourn";
import { lazySessions } from "sojourn/adapter";
import { getSession } from "sojourn/h3";
import { fileStore } from "sojourn/stores/file";
import { memoryStore } from "sojourn/stores/memory";
import { getRequestEvent } from "solid-js/web";

export interface Data {
  count?: number;
  note?: string;
}

/** Made when it is first used: a build has no secret. */
export const sessions = lazySessions(() => {
  const { SESSIONS } = process.env; // a folder, for sessions that outlive the process
  return createSessions<Data>({ store: SESSIONS ? fileStore(SESSIONS) : memoryStore() });
});

/** The session of the request that is being answered: for server functions and routes. */
export function currentSession(): Session<Data> {
  const event = getRequestEvent();
  if (!event) throw new Error("There is no request.");
  return getSession(sessions, event.nativeEvent);
}
