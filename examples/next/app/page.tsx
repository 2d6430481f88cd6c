import Link from "next/link";
import type { Session } from "sojourn";
import type { Data } from "../lib/manager";
import { getSession } from "../lib/sessions";
import { count, logout } from "./actions";
import { LoginForm } from "./login-form";
import { SessionWatch } from "./session-watch";

/** A component reads: a render can send no cookie. */
export default async function Page() {
  const session = await getSession();
  return (
    <main>
      <h1>{session.userId ? `Welcome, ${session.userId}` : "Welcome"}</h1>
      {session.flashes().map(({ text }) => (
        <p key={text} role="status">
          {text}
        </p>
      ))}
      <form action={count}>
        <p>
          Count: <strong>{session.data.count ?? 0}</strong>
        </p>
        <button type="submit">Count</button>
      </form>
      {session.userId ? <Inside session={session} /> : <LoginForm />}
    </main>
  );
}

async function Inside({ session }: { session: Session<Data> }) {
  return (
    <>
      {/* A route handler and no action: Next checks nothing of it, Sojourn checks the origin and the token. */}
      <form method="post" action="/note">
        <input type="hidden" name="csrf" value={await session.csrfToken()} />
        <label>
          Note
          <input name="note" defaultValue={session.data.note} key={session.data.note} />
        </label>
        <button type="submit">Keep it</button>
      </form>
      <form action={logout}>
        <Link href="/devices">Devices</Link>
        <button type="submit">Log out</button>
      </form>
      <SessionWatch />
    </>
  );
}
