"use server";
import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { authenticate } from "sojourn-example-common/users";
import { sessionAction, sessions } from "../lib/sessions";

const doCount = sessionAction(async (session) => {
  await session.update("count", (n = 0) => n + 1); // exact, however many tabs
  refresh(); // Next renders the page anew when a cookie was set, and here none has to be
});

const doLogin = sessionAction(async (session, form: FormData) => {
  const user = authenticate(String(form.get("name")), String(form.get("password")));
  if (!user) return { error: "The name or the password is wrong." };
  await session.login(user, { factors: ["pwd"] });
  session.flash("info", "You are logged in.");
  redirect("/");
});

const doLogout = sessionAction(async (session) => {
  await session.logout();
  session.flash("info", "You are logged out.");
  redirect("/");
});

const doRevoke = sessionAction(async (session, form: FormData) => {
  const id = String(form.get("id"));
  const { items } = await sessions.list(session.userId ?? "");
  // Only one's own: an id from a form is anybody's.
  if (items.some((item) => item.id === id)) await sessions.revoke(id as (typeof items)[number]["id"]);
  session.flash("info", "That device is logged out.");
  redirect("/devices");
});

// What a form or a component of the browser calls must be an async function by its declaration.
export async function count() {
  await doCount();
}
export async function login(_before: unknown, form: FormData) {
  return doLogin(form);
}
export async function logout() {
  await doLogout();
}
export async function revoke(form: FormData) {
  await doRevoke(form);
}
