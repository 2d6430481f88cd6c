import { createFileRoute, Link } from "@tanstack/react-router";
import { count, home, login, logout } from "../lib/home";
import { Messages } from "../lib/messages";
import { ServerForm } from "../lib/server-form";
import { SessionWatch } from "../session-watch";

export const Route = createFileRoute("/")({ loader: () => home(), component: Home });

function Home() {
  const { user, count: counted, messages } = Route.useLoaderData();
  return (
    <main>
      <h1>{user ? `Welcome, ${user}` : "Welcome"}</h1>
      <Messages messages={messages} />
      <ServerForm send={count}>
        <p>
          Count: <strong>{counted}</strong>
        </p>
        <button type="submit">Count</button>
      </ServerForm>
      {user ? <Inside /> : <LoginForm />}
    </main>
  );
}

function Inside() {
  const { csrf, note } = Route.useLoaderData();
  return (
    <>
      {/* A plain form to a server route, with a token of its own. */}
      <form method="post" action="/note">
        <input type="hidden" name="csrf" value={csrf} />
        <label>
          Note
          <input name="note" defaultValue={note} />
        </label>
        <button type="submit">Keep it</button>
      </form>
      <ServerForm send={logout}>
        <Link to="/devices">Devices</Link>
        <button type="submit">Log out</button>
      </ServerForm>
      <SessionWatch />
    </>
  );
}

function LoginForm() {
  return (
    <ServerForm send={login}>
      <label>
        Name
        <input name="name" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit">Log in</button>
    </ServerForm>
  );
}
