import { createFileRoute, Link } from "@tanstack/react-router";
import { devices, revoke } from "../lib/devices";
import { Messages } from "../lib/messages";
import { ServerForm } from "../lib/server-form";
import { SessionWatch } from "../session-watch";

export const Route = createFileRoute("/devices")({ loader: () => devices(), component: Devices });

function Devices() {
  const data = Route.useLoaderData();
  return (
    <main>
      <h1>Devices</h1>
      <Messages messages={data.messages} />
      <ul>
        {data.devices.map(({ id, name, own }) => (
          <li key={id}>
            {name}
            {own ? (
              <em>This device</em>
            ) : (
              <ServerForm send={revoke}>
                <button type="submit" name="id" value={id}>
                  Log out
                </button>
              </ServerForm>
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
