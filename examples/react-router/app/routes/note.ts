import { redirect } from "react-router";
import { getSession } from "sojourn/react-router";
import { sessions } from "../sessions.server";
import type { Route } from "./+types/note";

/** A classical form: checked, saved, and answered by a redirect. */
export async function action({ context, request }: Route.ActionArgs) {
  const session = getSession(sessions, context);
  if (session.userId === undefined) return new Response("Log in first.\n", { status: 401 });
  session.data.note = String((await request.formData()).get("note"));
  session.flash("info", "The note is kept.");
  return redirect("/", 303);
}
