import { redirect } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";
import { nameOf } from "sojourn-example-common/users";
import { form } from "./form";
import { sessions } from "./sessions.server";

export const devices = createServerFn().handler(async ({ context: { session } }) => {
  if (!session.userId) throw redirect({ to: "/" });
  const { items } = await sessions.list(session.userId);
  return {
    devices: items.map(({ id, device }) => ({ id, name: nameOf(device), own: id === session.id })),
    messages: session.flashes(),
  };
});

export const revoke = createServerFn({ method: "POST" })
  .validator(form)
  .handler(async ({ context: { session }, data }) => {
    const { items } = await sessions.list(session.userId ?? "");
    const item = items.find(({ id }) => id === data.get("id"));
    // Only one's own: an id from a form is anybody's.
    if (item) await sessions.revoke(item.id);
    session.flash("info", "That device is logged out.");
    throw redirect({ to: "/devices", statusCode: 303 });
  });
