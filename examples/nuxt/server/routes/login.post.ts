import { getSession } from "sojourn/nuxt";
import { authenticate } from "sojourn-example-common/users";

export default defineEventHandler(async (event) => {
  const { name, password } = await readBody(event);
  const session = getSession(sessions, event);
  const user = authenticate(String(name), String(password));
  if (user) {
    await setUserSession(event, { user: { id: user } });
    session.flash("info", "You are logged in.");
  } else session.flash("error", "The name or the password is wrong.");
  return sendRedirect(event, "/", 303);
});
