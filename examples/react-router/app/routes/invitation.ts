import { data, redirect } from "react-router";
import { getSession } from "sojourn/react-router";
import { invited } from "sojourn-example-common/users";
import { sessions } from "../sessions.server";
import type { Route } from "./+types/invitation";

/** A link from a mail: leaves by a thrown redirect or a thrown 404, and what it did to the session is kept. */
export async function loader({ context, params }: Route.LoaderArgs) {
  const session = getSession(sessions, context);
  const user = invited(params.code);
  if (!user) {
    session.flash("error", "That invitation is not valid.");
    throw data("That invitation is not valid.", 404);
  }
  await session.login(user, { factors: ["link"] });
  throw redirect("/");
}
