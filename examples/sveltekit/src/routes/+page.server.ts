import { fail, redirect } from "@sveltejs/kit";
import { authenticate } from "sojourn-example-common/users";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ locals: { session } }) => ({
  user: session.userId,
  count: session.data.count ?? 0,
  note: session.data.note ?? "",
  messages: session.flashes().map(({ text }) => text),
  csrf: session.userId ? await session.csrfToken() : undefined,
});

export const actions: Actions = {
  count: async ({ locals }) => {
    await locals.session.update("count", (n = 0) => n + 1); // exact, however many tabs
  },
  login: async ({ locals: { session }, request }) => {
    const form = await request.formData();
    const user = authenticate(String(form.get("name")), String(form.get("password")));
    if (!user) return fail(400, { error: "The name or the password is wrong." });
    await session.login(user, { factors: ["pwd"] });
    session.flash("info", "You are logged in.");
    redirect(303, "/");
  },
  logout: async ({ locals: { session } }) => {
    await session.logout();
    session.flash("info", "You are logged out.");
    redirect(303, "/");
  },
};
