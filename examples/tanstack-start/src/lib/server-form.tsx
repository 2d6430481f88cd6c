import { useServerFn } from "@tanstack/react-start";
import type { ReactNode } from "react";

interface FormFunction {
  (call: { data: FormData }): Promise<unknown>;
  readonly url: string;
}

/** A form whose server function is called, and which the browser sends as any other where there are no scripts. */
export function ServerForm({ send, children }: { send: FormFunction; children: ReactNode }) {
  const call = useServerFn(send);
  return (
    <form
      method="post"
      action={send.url}
      onSubmit={(event) => {
        event.preventDefault();
        const { submitter } = event.nativeEvent as SubmitEvent;
        void call({ data: new FormData(event.currentTarget, submitter) });
      }}
    >
      {children}
    </form>
  );
}
