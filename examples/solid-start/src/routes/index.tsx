import { A, createAsync } from "@solidjs/router";
import { Show } from "solid-js";
import { count, home, login, logout } from "../lib/home";
import { Messages } from "../lib/messages";
import { SessionWatch } from "../lib/session-watch";

// No `preload`: Solid would answer an action with the page's data in the same request, and flash messages are for the next.
export default function Home() {
  const data = createAsync(() => home(), { deferStream: true });
  return (
    <main>
      <h1>{data()?.user ? `Welcome, ${data()?.user}` : "Welcome"}</h1>
      <Messages messages={data()?.messages} />
      <form method="post" action={count}>
        <p>
          Count: <strong>{data()?.count}</strong>
        </p>
        <button type="submit">Count</button>
      </form>
      <Show when={data()?.user} fallback={<LoginForm />}>
        {/* A plain form to an API route, with a token of its own. `target` keeps the router from answering it. */}
        <form method="post" action="/note" target="_self">
          <input type="hidden" name="csrf" value={data()?.csrf} />
          <label>
            Note
            <input name="note" value={data()?.note ?? ""} />
          </label>
          <button type="submit">Keep it</button>
        </form>
        <form method="post" action={logout}>
          <A href="/devices">Devices</A>
          <button type="submit">Log out</button>
        </form>
        <SessionWatch />
      </Show>
    </main>
  );
}

function LoginForm() {
  return (
    <form method="post" action={login}>
      <label>
        Name
        <input name="name" autocomplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit">Log in</button>
    </form>
  );
}
