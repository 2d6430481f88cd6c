import { getSession } from "sojourn/nuxt";

/** A classical form: checked, saved, and answered by a redirect. */
export default defineEventHandler(async (event) => {
  await requireUserSession(event);
  const { note } = await readBody(event);
  await setUserSession(event, { note: String(note) });
  getSession(sessions, event).flash("info", "The note is kept.");
  return sendRedirect(event, "/", 303);
});
