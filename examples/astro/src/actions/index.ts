import { ActionError, defineAction } from "astro:actions";
import { authenticate } from "sojourn-example-common/users";
import { sessions } from "../sessions";

export const server = {
  count: defineAction({
    accept: "form",
    handler: async (_, { locals }) => {
      await locals.session.update("count", (n = 0) => n + 1); // exact, however many tabs
    },
  }),

  login: defineAction({
    accept: "form",
    handler: async (form, { locals: { session } }) => {
      const user = authenticate(String(form.get("name")), String(form.get("password")));
      if (!user) throw new ActionError({ code: "BAD_REQUEST", message: "The name or the password is wrong." });
      await session.login(user, { factors: ["pwd"] });
      session.flash("info", "You are logged in.");
    },
  }),

  logout: defineAction({
    accept: "form",
    handler: async (_, { locals: { session } }) => {
      await session.logout();
      session.flash("info", "You are logged out.");
    },
  }),

  revoke: defineAction({
    accept: "form",
    handler: async (form, { locals: { session } }) => {
      const { items } = await sessions.list(session.userId ?? "");
      const item = items.find(({ id }) => id === form.get("id"));
      // Only one's own: an id from a form is anybody's.
      if (item) await sessions.revoke(item.id);
      session.flash("info", "That device is logged out.");
    },
  }),
};
