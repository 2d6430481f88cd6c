/**
 * The browser's half of a session: reads the endpoint of `sojourn/endpoint`, shares what it learns between tabs, warns
 * before the end, keeps alive while somebody is there, and hears of a logout elsewhere.
 *
 * @module
 */
import { type ClientOptions, SessionClient } from "./client.ts";

export type { ClientOptions, SessionClient } from "./client.ts";
export type { SessionFacts } from "./facts.ts";
export type { ChannelLike, ClientPlatform, EventSourceLike, LocksLike, TargetLike } from "./platform.ts";
export type { SessionView } from "./view.ts";

/**
 * Looks after the session of this page; one for each page. It needs `connect-src 'self'` of a Content-Security-Policy
 * and nothing else, and stores nothing in the browser.
 *
 * - It never keeps a session alive by itself: only clicks and keys do (`activity`), and `keepAlive()`.
 * - A server that does not answer, or answers 503, changes nothing: nobody is shown as logged out for that.
 * - What it shows protects nothing. Each request is judged by the server.
 *
 * @typeParam Public What `public` of the endpoint gives.
 * @example
 * ```ts no-run
 * import { sessionClient } from "sojourn/client";
 *
 * const client = sessionClient<{ theme: string }>({ endpoint: "/session", warnBefore: 120_000 });
 * client.subscribe(() => {
 *   const { status, warning, left } = client.get();
 *   if (status === "anonymous") console.warn("You are logged out.");
 *   else if (warning) console.warn(`You will be logged out in ${(left ?? 0) / 1_000} s.`);
 * });
 * await client.fetch("/cart", { method: "POST", body: "{}" }); // with the CSRF token
 * ```
 */
export function sessionClient<Public = unknown>(options: ClientOptions = {}): SessionClient<Public> {
  return new SessionClient<Public>(options);
}
