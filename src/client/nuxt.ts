/** `useUserSession` for Nuxt: what the server's `userSessionHandler` shows, in the page's state. */

/** `useState`, `computed` and `useRequestFetch` of Nuxt. */
export interface NuxtFunctions {
  readonly useState: <T>(key: string, init: () => T) => { value: T };
  readonly computed: <T>(get: () => T) => { readonly value: T };
  readonly useRequestFetch: () => (path: string, options?: { readonly method: "DELETE" }) => Promise<unknown>;
}

/** What `useUserSession` of nuxt-auth-utils gives, but for its pop-up. */
export interface UserSessionState<Shown extends { readonly user?: unknown }> {
  /** Whether the server has been asked. */
  readonly ready: { readonly value: boolean };
  readonly loggedIn: { readonly value: boolean };
  readonly user: { readonly value: NonNullable<Shown["user"]> | null };
  readonly session: { readonly value: Partial<Shown> };
  /** Asks the server: before the page is rendered, and after what changed the session. */
  fetch(): Promise<void>;
  /** Logs out. */
  clear(): Promise<void>;
}

/**
 * Makes the composable; call it where Nuxt's composables may be called. What it shows protects nothing: each request is
 * judged by the server. When the server does not answer, `fetch` and `clear` reject, and nothing changes.
 *
 * @param path Where `userSessionHandler` of `sojourn/nuxt` answers.
 * @typeParam Shown What it answers: your data without `secure`.
 * @example
 * ```ts no-run
 * import { type NuxtFunctions, nuxtUserSession } from "sojourn/client/hooks";
 *
 * declare const nuxt: NuxtFunctions; // yours are imported by Nuxt: { useState, computed, useRequestFetch }
 * export const useUserSession = () => nuxtUserSession<{ user?: { id: string; name: string } }>(nuxt);
 * ```
 */
export function nuxtUserSession<Shown extends { readonly user?: unknown }>(
  { useState, computed, useRequestFetch }: NuxtFunctions,
  path = "/api/_auth/session",
): UserSessionState<Shown> {
  const session = useState<Partial<Shown>>("sojourn:session", () => ({}));
  const ready = useState("sojourn:ready", () => false);
  const request = useRequestFetch();
  const user = computed(() => session.value.user ?? null);
  return {
    user,
    loggedIn: computed(() => user.value !== null),
    session: computed(() => session.value),
    ready: computed(() => ready.value),
    async fetch() {
      session.value = (await request(path)) as Partial<Shown>;
      ready.value = true;
    },
    async clear() {
      await request(path, { method: "DELETE" });
      session.value = {};
    },
  };
}
