import { redirect } from "@sveltejs/kit";
import { nameOf } from "sojourn-example-common/users";
import { sessions } from "../../lib/server/sessions";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ locals: { session } }) => {
  const { items } = await sessions.list(session.userId ?? "");
  return {
    devices: items.map(({ id, device }) => ({ id, name: nameOf(device), own: id === session.id })),
    messages: session.flashes().map(({ text }) => text),
  };
};

export const actions: Actions = {
  default: async ({ locals: { session }, request }) => {
    const id = String((await request.formData()).get("id"));
    const { items } = await sessions.list(session.userId ?? "");
    const item = items.find((each) => each.id === id);
    // Only one's own: an id from a form is anybody's.
    if (item) await sessions.revoke(item.id);
    session.flash("info", "That device is logged out.");
    redirect(303, "/devices");
  },
};
