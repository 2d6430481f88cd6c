/**
 * The session client in React, Vue and Svelte. Each takes the framework's own functions, so that nothing of any is
 * imported.
 *
 * @module
 */
import type { SessionClient } from "./client.ts";
import type { SessionView } from "./view.ts";

export { type NuxtFunctions, nuxtUserSession, type UserSessionState } from "./nuxt.ts";

/** `useSyncExternalStore` of React 18 and later. */
export type UseSyncExternalStore = <T>(
  subscribe: (listener: () => void) => () => void,
  get: () => T,
  getOnServer: () => T,
) => T;

/**
 * A hook for React.
 *
 * @example
 * ```ts no-run
 * import { sessionClient } from "sojourn/client";
 * import { reactSession, type UseSyncExternalStore } from "sojourn/client/hooks";
 *
 * declare const useSyncExternalStore: UseSyncExternalStore; // yours is imported from "react"
 * export const client = sessionClient<{ theme: string }>();
 * export const useSession = reactSession(client, useSyncExternalStore);
 * ```
 */
export function reactSession<Public>(
  { subscribe, get }: SessionClient<Public>,
  useSyncExternalStore: UseSyncExternalStore,
): () => SessionView<Public> {
  return () => useSyncExternalStore(subscribe, get, get);
}

/** `shallowRef` and `onScopeDispose` of Vue 3. */
export interface VueFunctions {
  readonly shallowRef: <T>(value: T) => { value: T };
  readonly onScopeDispose: (dispose: () => void) => void;
}

/**
 * A composable for Vue: a ref of the view.
 *
 * @example
 * ```ts no-run
 * import { sessionClient } from "sojourn/client";
 * import { type VueFunctions, vueSession } from "sojourn/client/hooks";
 *
 * declare const vue: VueFunctions; // yours are imported from "vue"
 * export const client = sessionClient();
 * export const useSession = () => vueSession(client, vue);
 * ```
 */
export function vueSession<Public>(
  { subscribe, get }: SessionClient<Public>,
  { shallowRef, onScopeDispose }: VueFunctions,
): { readonly value: SessionView<Public> } {
  const view = shallowRef(get());
  onScopeDispose(
    subscribe(() => {
      view.value = get();
    }),
  );
  return view;
}

/** What Svelte's `$session` reads: a store of its contract. */
export interface SvelteSession<Public> {
  subscribe(run: (view: SessionView<Public>) => void): () => void;
}

/**
 * A store for Svelte: `{#if $session.warning}`.
 *
 * @example
 * ```ts no-run
 * import { sessionClient } from "sojourn/client";
 * import { svelteSession } from "sojourn/client/hooks";
 *
 * export const session = svelteSession(sessionClient());
 * ```
 */
export function svelteSession<Public>({ subscribe, get }: SessionClient<Public>): SvelteSession<Public> {
  return {
    subscribe(run) {
      run(get());
      return subscribe(() => run(get()));
    },
  };
}
