import { getSession } from "sojourn/nuxt";

export default defineEventHandler(async (event) => {
  await clearUserSession(event);
  getSession(sessions, event).flash("info", "You are logged out.");
  return sendRedirect(event, "/", 303);
});
