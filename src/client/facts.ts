/** What a session endpoint tells a page: the one shape that the server's half and the browser's half share. */

/**
 * What a page may know of its session. It holds no id and no credential; `csrfToken` is as secret as the page.
 *
 * @typeParam Public What the application's `public` gives.
 */
export interface SessionFacts<Public = unknown> {
  /** The user that is logged in; null while anonymous. */
  readonly userId: string | null;
  /** What the application's `public` chose to tell; null without one. */
  readonly public: Public | null;
  /** The assurance level that the factors reach, as `session.level`; null when unknown. */
  readonly level: "aal1" | "aal2" | "aal3" | null;
  /** Milliseconds until it ends when it is not used again; never more than `lifetimeMs`. Null while anonymous. */
  readonly idleMs: number | null;
  /** Milliseconds until it ends whatever happens. Null while anonymous. */
  readonly lifetimeMs: number | null;
  /** Why nobody's session is behind this request, as `session.anonymousBecause`; null when one is. */
  readonly because: "none" | "expired" | "ended" | "replaced" | "unknown" | "rejected" | "outage" | null;
  /** Whether the endpoint tells of the end by itself, as an event stream. */
  readonly stream: boolean;
  /** A CSRF token of this session, when it was asked for and there can be one. */
  readonly csrfToken?: string | undefined;
}
