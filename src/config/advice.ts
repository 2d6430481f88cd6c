/**
 * What goes wrong in silence, told once: each of these looks like sessions that do not work, and nothing throws.
 * Not told where there is nobody to tell (Workers).
 */
import type { Emit } from "../events.ts";
import type { Store } from "../stores/store.ts";
import type { Transport } from "../transport/transport.ts";

interface Host {
  readonly process?: {
    readonly env?: Record<string, string | undefined>;
    emitWarning?(message: string, options: { readonly type: string; readonly code: string }): void;
  };
}

const told = new Set<string>();

function tell(code: string, message: string): void {
  (globalThis as Host).process?.emitWarning?.(message, { type: "SojournWarning", code });
}

function tellOnce(code: string, message: string): void {
  if (told.has(code)) return;
  told.add(code);
  tell(code, message);
}

const environment = (): string | undefined => (globalThis as Host).process?.env?.NODE_ENV;

/** A developer's machine, as far as anybody said: neither production nor a test. */
const inDevelopment = (): boolean => /^(?:|development)$/.test(environment() ?? "");

/** Nothing else would say at start what the documentation of the store does. */
export function adviseOnStore({ name, consistency }: Store): void {
  if (consistency === "none" || consistency === "insert-update")
    tell(
      "SOJOURN_WEAK_STORE",
      `The ${name} store cannot compare what it overwrites: of changes to one session from several processes some ` +
        "can be lost. See docs/universal-stores.md.",
    );
  if (name === "memory" && environment() === "production")
    tellOnce(
      "SOJOURN_MEMORY_STORE",
      "The memory store is in use in production: a restart logs everybody out, and no other process knows these " +
        "sessions. See docs/stores.md.",
    );
}

/** How many cookies may go unanswered before somebody is told. */
const UNANSWERED = 3;

/** Notices, in development, that browsers do not keep the cookie. */
export function adviseOnReturn(transport: Transport, secure: boolean): Transport {
  if (!secure || !inDevelopment()) return transport;
  let unanswered = 0;
  return {
    ...transport,
    read(source) {
      const values = transport.read(source);
      if (values.length > 0) unanswered = Number.NEGATIVE_INFINITY;
      return values;
    },
    write(value, lease, source) {
      if (++unanswered === UNANSWERED)
        tellOnce(
          "SOJOURN_NO_COOKIE_CAME_BACK",
          `${UNANSWERED} session cookies were sent and none came back. Over plain HTTP browsers keep a Secure cookie ` +
            "from http://localhost only, and Safari not even from there: in development give `cookie: { insecure: " +
            "true }`, or serve HTTPS. A client without a cookie jar looks the same.",
        );
      return transport.write(value, lease, source);
    },
  };
}

/**
 * Notices, in development, that another application on this machine shares the cookie: ports do not tell cookies apart.
 */
export function adviseOnStrangers(emit: Emit): Emit {
  if (!inDevelopment()) return emit;
  return (event) => {
    if (event.type === "rejected" && event.reason === "foreign")
      tellOnce(
        "SOJOURN_FOREIGN_COOKIE",
        "A session cookie came that was not made with this application's secret. Two applications on ports of " +
          "localhost get each other's cookies and log each other's users out: give each a `cookie.name` of its " +
          "own. Or the secret was changed.",
      );
    emit(event);
  };
}
