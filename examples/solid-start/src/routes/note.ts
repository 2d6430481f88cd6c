import type { APIEvent } from "@solidjs/start/server";
import { currentSession } from "../lib/sessions";

/** A classical form: checked, saved, and answered by a redirect. */
export async function POST({ request }: APIEvent): Promise<Response> {
  const session = currentSession();
  if (session.userId === undefined) return new Response("Log in first.\n", { status: 401 });
  session.data.note = String((await request.formData()).get("note"));
  session.flash("info", "The note is kept.");
  return new Response(null, { status: 303, headers: { location: "/" } });
}
