import { getSession } from "sojourn/nuxt";

/** What the page shows, beside what `useUserSession` knows. */
export default defineEventHandler(async (event) => {
  const session = getSession(sessions, event);
  return { messages: session.flashes(), csrf: session.userId ? await session.csrfToken() : undefined };
});
