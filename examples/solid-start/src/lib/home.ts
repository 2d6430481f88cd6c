import { action, query, redirect } from "@solidjs/router";
import { authenticate } from "sojourn-example-common/users";
import { currentSession } from "./sessions";

/** What the page shows of its session. */
export const home = query(async () => {
  "use server";
  const session = currentSession();
  return {
    user: session.userId,
    count: session.data.count ?? 0,
    note: session.data.note,
    messages: session.flashes().map(({ kind, text }) => ({ kind, text })),
    csrf: session.userId ? await session.csrfToken() : undefined,
  };
}, "home");

export const count = action(async () => {
  "use server";
  await currentSession().update("count", (n = 0) => n + 1); // exact, however many tabs
  throw redirect("/");
}, "count");

export const login = action(async (form: FormData) => {
  "use server";
  const session = currentSession();
  const user = authenticate(String(form.get("name")), String(form.get("password")));
  if (user) {
    await session.login(user, { factors: ["pwd"] });
    session.flash("info", "You are logged in.");
  } else session.flash("error", "The name or the password is wrong.");
  throw redirect("/");
}, "login");

export const logout = action(async () => {
  "use server";
  const session = currentSession();
  await session.logout();
  session.flash("info", "You are logged out.");
  throw redirect("/");
}, "logout");
