import { action, query, redirect } from "@solidjs/router";
import { nameOf } from "sojourn-example-common/users";
import { currentSession, sessions } from "./sessions";

export const devices = query(async () => {
  "use server";
  const session = currentSession();
  if (!session.userId) throw redirect("/");
  const { items } = await sessions.list(session.userId);
  return {
    devices: items.map(({ id, device }) => ({ id, name: nameOf(device), own: id === session.id })),
    messages: session.flashes().map(({ kind, text }) => ({ kind, text })),
  };
}, "devices");

export const revoke = action(async (form: FormData) => {
  "use server";
  const session = currentSession();
  const { items } = await sessions.list(session.userId ?? "");
  const item = items.find(({ id }) => id === form.get("id"));
  // Only one's own: an id from a form is anybody's.
  if (item) await sessions.revoke(item.id);
  session.flash("info", "That device is logged out.");
  throw redirect("/devices");
}, "revoke");
