import { error, redirect } from "@sveltejs/kit";
import { invited } from "sojourn-example-common/users";
import type { RequestHandler } from "./$types";

/** A link from a mail: leaves by redirect() or error(), and what it did to the session is kept. */
export const GET: RequestHandler = async ({ locals: { session }, params }) => {
  const user = invited(params.code);
  if (!user) {
    session.flash("error", "That invitation is not valid.");
    error(404, "That invitation is not valid.");
  }
  await session.login(user, { factors: ["link"] });
  redirect(303, "/");
};
