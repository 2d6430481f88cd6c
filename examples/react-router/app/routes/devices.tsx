import { Form, Link, redirect } from "react-router";
import { getSession } from "sojourn/react-router";
import { nameOf } from "sojourn-example-common/users";
import { SessionWatch } from "../session-watch";
import { sessions } from "../sessions.server";
import type { Route } from "./+types/devices";

export async function loader({ context }: Route.LoaderArgs) {
  const session = getSession(sessions, context);
  if (!session.userId) throw redirect("/");
  const { items } = await sessions.list(session.userId);
  return {
    devices: items.map(({ id, device }) => ({ id, name: nameOf(device), own: id === session.id })),
    messages: session.flashes().map(({ text }) => text),
  };
}

export async function action({ context, request }: Route.ActionArgs) {
  const session = getSession(sessions, context);
  const id = String((await request.formData()).get("id"));
  const { items } = await sessions.list(session.userId ?? "");
  const item = items.find((each) => each.id === id);
  // Only one's own: an id from a form is anybody's.
  if (item) await sessions.revoke(item.id);
  session.flash("info", "That device is logged out.");
  throw redirect("/devices");
}

export default function Devices({ loaderData }: Route.ComponentProps) {
  return (
    <main>
      <h1>Devices</h1>
      {loaderData.messages.map((text) => (
        <p key={text} role="status">
          {text}
        </p>
      ))}
      <ul>
        {loaderData.devices.map(({ id, name, own }) => (
          <li key={id}>
            {name}
            {own ? (
              <em>This device</em>
            ) : (
              <Form method="post">
                <button type="submit" name="id" value={id}>
                  Log out
                </button>
              </Form>
            )}
          </li>
        ))}
      </ul>
      <p>
        <Link to="/">Back</Link>
      </p>
      <SessionWatch />
    </main>
  );
}
