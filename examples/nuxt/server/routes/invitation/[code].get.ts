import { getSession } from "sojourn/nuxt";
import { invited } from "sojourn-example-common/users";

/** A link from a mail: leaves by a redirect or a thrown 404, and what it did to the session is kept. */
export default defineEventHandler(async (event) => {
  const user = invited(getRouterParam(event, "code") ?? "");
  if (!user) {
    getSession(sessions, event).flash("error", "That invitation is not valid.");
    throw createError({ statusCode: 404, message: "That invitation is not valid." });
  }
  await setUserSession(event, { user: { id: user } });
  return sendRedirect(event, "/", 303);
});
