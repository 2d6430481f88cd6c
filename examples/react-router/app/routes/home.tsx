import { data, Form, Link, redirect } from "react-router";
import { getSession } from "sojourn/react-router";
import { authenticate } from "sojourn-example-common/users";
import { SessionWatch } from "../session-watch";
import { sessions } from "../sessions.server";
import type { Route } from "./+types/home";

export async function loader({ context }: Route.LoaderArgs) {
  const session = getSession(sessions, context);
  return {
    user: session.userId,
    count: session.data.count ?? 0,
    note: session.data.note,
    messages: session.flashes().map(({ text }) => text),
    csrf: session.userId ? await session.csrfToken() : undefined,
  };
}

export async function action({ context, request }: Route.ActionArgs) {
  const session = getSession(sessions, context);
  const form = await request.formData();
  if (form.get("do") === "count") {
    await session.update("count", (n = 0) => n + 1); // exact, however many tabs
    return null;
  }
  if (form.get("do") === "logout") {
    await session.logout();
    session.flash("info", "You are logged out.");
    throw redirect("/");
  }
  const user = authenticate(String(form.get("name")), String(form.get("password")));
  if (!user) return data({ error: "The name or the password is wrong." }, 400);
  await session.login(user, { factors: ["pwd"] });
  session.flash("info", "You are logged in.");
  throw redirect("/");
}

export default function Home({ loaderData, actionData }: Route.ComponentProps) {
  const { user, count, messages } = loaderData;
  return (
    <main>
      <h1>{user ? `Welcome, ${user}` : "Welcome"}</h1>
      {messages.map((text) => (
        <p key={text} role="status">
          {text}
        </p>
      ))}
      <Form method="post" action="/?index">
        <p>
          Count: <strong>{count}</strong>
        </p>
        <button type="submit" name="do" value="count">
          Count
        </button>
      </Form>
      {user ? <Inside {...loaderData} /> : <LoginForm error={actionData?.error} />}
    </main>
  );
}

function Inside({ csrf, note }: Route.ComponentProps["loaderData"]) {
  return (
    <>
      {/* A plain form to a route of its own, with a token beside React Router's check of the origin. */}
      <form method="post" action="/note">
        <input type="hidden" name="csrf" value={csrf} />
        <label>
          Note
          <input name="note" defaultValue={note} />
        </label>
        <button type="submit">Keep it</button>
      </form>
      <Form method="post" action="/?index">
        <Link to="/devices">Devices</Link>
        <button type="submit" name="do" value="logout">
          Log out
        </button>
      </Form>
      <SessionWatch />
    </>
  );
}

function LoginForm({ error }: { error: string | undefined }) {
  return (
    <Form method="post" action="/?index">
      <label>
        Name
        <input name="name" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit">Log in</button>
      {error && <p role="alert">{error}</p>}
    </Form>
  );
}
