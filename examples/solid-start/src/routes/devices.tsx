import { A, createAsync } from "@solidjs/router";
import { For, Show } from "solid-js";
import { devices, revoke } from "../lib/devices";
import { Messages } from "../lib/messages";
import { SessionWatch } from "../lib/session-watch";

export default function Devices() {
  const data = createAsync(() => devices(), { deferStream: true });
  return (
    <main>
      <h1>Devices</h1>
      <Messages messages={data()?.messages} />
      <ul>
        <For each={data()?.devices}>
          {({ id, name, own }) => (
            <li>
              {name}
              <Show when={!own} fallback={<em>This device</em>}>
                <form method="post" action={revoke}>
                  <button type="submit" name="id" value={id}>
                    Log out
                  </button>
                </form>
              </Show>
            </li>
          )}
        </For>
      </ul>
      <p>
        <A href="/">Back</A>
      </p>
      <SessionWatch />
    </main>
  );
}
