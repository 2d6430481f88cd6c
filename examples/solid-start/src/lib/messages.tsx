import { For } from "solid-js";

/** What the last request left for this page. */
export function Messages(props: { messages: readonly { kind: string; text: string }[] | undefined }) {
  return (
    <For each={props.messages}>{({ kind, text }) => <p role={kind === "error" ? "alert" : "status"}>{text}</p>}</For>
  );
}
