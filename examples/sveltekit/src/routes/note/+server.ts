import { error, redirect } from "@sveltejs/kit";
import type { RequestHandler } from "./$types";

/** A classical form: checked, saved, and answered by a redirect. */
export const POST: RequestHandler = async ({ locals: { session }, request }) => {
  if (session.userId === undefined) error(401, "Log in first.");
  session.data.note = String((await request.formData()).get("note"));
  session.flash("info", "The note is kept.");
  redirect(303, "/");
};
