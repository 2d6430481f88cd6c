import Link from "next/link";
import { nameOf } from "sojourn-example-common/users";
import { getSession, sessions } from "../../lib/sessions";
import { revoke } from "../actions";
import { SessionWatch } from "../session-watch";

export default async function Devices() {
  const session = await getSession();
  const { items } = await sessions.list(session.userId ?? "");
  return (
    <main>
      <h1>Devices</h1>
      {session.flashes().map(({ text }) => (
        <p key={text} role="status">
          {text}
        </p>
      ))}
      <ul>
        {items.map(({ id, device }) => (
          <li key={id}>
            {nameOf(device)}
            {id === session.id ? (
              <em>This device</em>
            ) : (
              <form action={revoke}>
                <button type="submit" name="id" value={id}>
                  Log out
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
      <p>
        <Link href="/">Back</Link>
      </p>
      <SessionWatch />
    </main>
  );
}
