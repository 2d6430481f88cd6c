import { createFileRoute, redirect } from "@tanstack/react-router";
import { invited } from "sojourn-example-common/users";

/** A link from a mail: leaves by a thrown redirect or with a 404, and what it did to the session is kept. */
export const Route = createFileRoute("/invitation/$code")({
  server: {
    handlers: {
      GET: async ({ context: { session }, params }) => {
        const user = invited(params.code);
        if (!user) {
          session.flash("error", "That invitation is not valid.");
          return new Response("That invitation is not valid.\n", { status: 404 });
        }
        await session.login(user, { factors: ["link"] });
        throw redirect({ to: "/", statusCode: 303 });
      },
    },
  },
});
