import { sessionClient } from "sojourn/client";
import { createSignal, onCleanup, onMount, Show } from "solid-js";

/** Hears of a logout elsewhere at once. What it shows protects nothing: each request is judged by the server. */
export function SessionWatch() {
  const [over, setOver] = createSignal(false);
  onMount(() => {
    const client = sessionClient();
    const stop = client.subscribe(() => setOver(client.get().status === "anonymous"));
    onCleanup(() => {
      stop();
      client.close();
    });
  });
  return (
    <Show when={over()}>
      <p role="alert">This session has ended. Log in again.</p>
    </Show>
  );
}
