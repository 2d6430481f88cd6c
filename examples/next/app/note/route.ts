import { withSession } from "../../lib/sessions";

/** A classical form: checked, saved, and answered by a redirect. */
export const POST = withSession(async (session, request) => {
  if (session.userId === undefined) return new Response("Log in first.\n", { status: 401 });
  session.data.note = String((await request.formData()).get("note"));
  session.flash("info", "The note is kept.");
  return new Response(null, { status: 303, headers: { location: "/" } });
});
