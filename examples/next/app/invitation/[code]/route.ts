import { notFound, redirect } from "next/navigation";
import { invited } from "sojourn-example-common/users";
import { withSession } from "../../../lib/sessions";

interface Context {
  params: Promise<{ code: string }>;
}

/** A link from a mail: leaves by redirect() or notFound(), and what it did to the session is kept. */
export const GET = withSession(async (session, _request, { params }: Context) => {
  const user = invited((await params).code);
  if (!user) {
    session.flash("error", "That invitation is not valid.");
    notFound();
  }
  await session.login(user, { factors: ["link"] });
  redirect("/");
});
