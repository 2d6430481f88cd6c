import { redirect } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";
import { authenticate } from "sojourn-example-common/users";
import { form } from "./form";

/** What the page shows of its session. */
export const home = createServerFn().handler(async ({ context: { session } }) => ({
  user: session.userId,
  count: session.data.count ?? 0,
  note: session.data.note,
  messages: session.flashes(),
  csrf: session.userId ? await session.csrfToken() : undefined,
}));

export const count = createServerFn({ method: "POST" })
  .validator(form)
  .handler(async ({ context: { session } }) => {
    await session.update("count", (n = 0) => n + 1); // exact, however many tabs
    throw redirect({ to: "/", statusCode: 303 });
  });

export const login = createServerFn({ method: "POST" })
  .validator(form)
  .handler(async ({ context: { session }, data }) => {
    const user = authenticate(String(data.get("name")), String(data.get("password")));
    if (user) {
      await session.login(user, { factors: ["pwd"] });
      session.flash("info", "You are logged in.");
    } else session.flash("error", "The name or the password is wrong.");
    throw redirect({ to: "/", statusCode: 303 });
  });

export const logout = createServerFn({ method: "POST" })
  .validator(form)
  .handler(async ({ context: { session } }) => {
    await session.logout();
    session.flash("info", "You are logged out.");
    throw redirect({ to: "/", statusCode: 303 });
  });
