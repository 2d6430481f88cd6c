import type { APIRoute } from "astro";
import { invited } from "sojourn-example-common/users";

/** A link from a mail: leaves by a redirect or with a 404, and what it did to the session is kept. */
export const GET: APIRoute = async ({ locals: { session }, params, redirect }) => {
  const user = invited(params.code ?? "");
  if (!user) {
    session.flash("error", "That invitation is not valid.");
    return new Response("That invitation is not valid.\n", { status: 404 });
  }
  await session.login(user, { factors: ["link"] });
  return redirect("/", 303);
};
