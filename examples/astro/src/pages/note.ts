import type { APIRoute } from "astro";

/** A classical form: checked, saved, and answered by a redirect. */
export const POST: APIRoute = async ({ locals: { session }, redirect, request }) => {
  if (session.userId === undefined) return new Response("Log in first.\n", { status: 401 });
  session.data.note = String((await request.formData()).get("note"));
  session.flash("info", "The note is kept.");
  return redirect("/", 303);
};
