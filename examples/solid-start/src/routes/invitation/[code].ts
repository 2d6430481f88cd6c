import type { APIEvent } from "@solidjs/start/server";
import { invited } from "sojourn-example-common/users";
import { currentSession } from "../../lib/sessions";

/** A link from a mail: leaves by a redirect or with a 404, and what it did to the session is kept. */
export async function GET({ params }: APIEvent): Promise<Response> {
  const session = currentSession();
  const user = invited(params.code ?? "");
  if (!user) {
    session.flash("error", "That invitation is not valid.");
    return new Response("That invitation is not valid.\n", { status: 404 });
  }
  await session.login(user, { factors: ["link"] });
  return new Response(null, { status: 303, headers: { location: "/" } });
}
