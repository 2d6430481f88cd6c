import { getSession } from "sojourn/nuxt";

export default defineEventHandler(async (event) => {
  const { user } = await requireUserSession(event);
  const form = await readBody(event);
  const { items } = await sessions.list(user.id);
  const item = items.find(({ id }) => id === form.id);
  // Only one's own: an id from a form is anybody's.
  if (item) await sessions.revoke(item.id);
  getSession(sessions, event).flash("info", "That device is logged out.");
  return sendRedirect(event, "/devices", 303);
});
