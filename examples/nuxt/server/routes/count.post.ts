import { getSession } from "sojourn/nuxt";

export default defineEventHandler(async (event) => {
  await getSession(sessions, event).update("count", (n = 0) => n + 1); // exact, however many tabs
  return sendRedirect(event, "/", 303);
});
