"use client";
import { useActionState } from "react";
import { login } from "./actions";

export function LoginForm() {
  const [answer, action] = useActionState(login, undefined);
  return (
    <form action={action}>
      <label>
        Name
        <input name="name" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit">Log in</button>
      {answer?.error && <p role="alert">{answer.error}</p>}
    </form>
  );
}
