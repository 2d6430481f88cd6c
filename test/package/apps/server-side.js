// What an application imports for sessions in a store, for the size limit; the store is its own.
import { createSessions } from "sojourn";

export const serve = (secrets, store) => {
  const sessions = createSessions({ secrets, store });
  return (request) => sessions.handle(request, async (session) => Response.json(session.data));
};
