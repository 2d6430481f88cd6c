import { createFileRoute } from "@tanstack/react-router";

/** A classical form: checked, saved, and answered by a redirect. */
export const Route = createFileRoute("/note")({
  server: {
    handlers: {
      POST: async ({ context: { session }, request }) => {
        if (session.userId === undefined) return new Response("Log in first.\n", { status: 401 });
        session.data.note = String((await request.formData()).get("note"));
        session.flash("info", "The note is kept.");
        return new Response(null, { status: 303, headers: { location: "/" } });
      },
    },
  },
});
