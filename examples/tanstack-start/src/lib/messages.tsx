/** What the last request left for this page. */
export function Messages({ messages }: { messages: readonly { kind: string; text: string }[] }) {
  return messages.map(({ kind, text }) => (
    <p key={text} role={kind === "error" ? "alert" : "status"}>
      {text}
    </p>
  ));
}
