// What an application imports for sessions in an encrypted cookie and nowhere else, for the size limit.
import { createSessions } from "sojourn";

export const serve = (secrets) => {
  const sessions = createSessions({ secrets });
  return (request) => sessions.handle(request, async (session) => Response.json(session.data));
};
