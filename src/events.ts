/**
 * What happened to sessions, for logs, metrics and alarms. Session ids only, never tokens.
 */
import { checkNames } from "./errors.ts";
import type { Device } from "./record/meta.ts";
import type { SessionKey } from "./record.ts";

/**
 * Why a value that a client presented was not accepted. `foreign` is none of ours: noise, or a key that left the ring.
 */
export type RejectReason =
  | "foreign"
  | "revoked-key"
  | "ambiguous"
  | "unknown"
  | "replaced"
  | "ended"
  | "corrupt"
  | "schema"
  | "future"
  | "csrf"
  | "link";

/** Why a session ended. */
export type EndReason = "destroyed" | "logout" | "revoked" | "reuse" | "limit" | "replaced";

/**
 * One event: what a hook is called with, and what goes over the channel `sojourn:<type>`. docs/operations.md lists
 * them.
 */
export type SessionEvent =
  | { readonly type: "created"; readonly id: SessionKey; readonly userId: string | undefined }
  | {
      readonly type: "rotated";
      readonly id: SessionKey;
      readonly userId: string | undefined;
      readonly previousId: SessionKey;
      readonly why: "login" | "reauthenticate" | "rotate" | "periodic";
    }
  | {
      readonly type: "reuse";
      readonly id: SessionKey;
      readonly userId: string | undefined;
      readonly generation: number;
      readonly held: number;
    }
  | {
      readonly type: "destroyed";
      readonly id: SessionKey;
      readonly userId: string | undefined;
      readonly reason: EndReason;
    }
  | {
      readonly type: "login";
      readonly id: SessionKey;
      readonly userId: string;
      readonly device: Device | undefined;
      readonly factors: readonly string[];
    }
  | { readonly type: "expired"; readonly id: SessionKey; readonly limit: "idle" | "lifetime" }
  | { readonly type: "rejected"; readonly id: SessionKey | undefined; readonly reason: RejectReason }
  | {
      readonly type: "conflict";
      readonly id: SessionKey;
      readonly attempts: number;
      readonly outcome: "merged" | "lost";
    }
  | { readonly type: "revoked"; readonly userId: string | undefined; readonly count: number }
  | { readonly type: "outage"; readonly store: string; readonly verb: string; readonly error: unknown };

/** The names of the hooks, and of the channels behind `sojourn:`. */
export type EventType = SessionEvent["type"];

/** One function for each event that you want; what it throws is reported and disturbs nobody. */
export type Hooks = { readonly [T in EventType]?: (event: Extract<SessionEvent, { type: T }>) => void };

export type Emit = (event: SessionEvent) => void;

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

/** node:diagnostics_channel where the platform has it, found without importing it. */
function channels(): ((name: string) => Channel) | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  let found: { channel(name: string): Channel } | undefined;
  try {
    found = process?.getBuiltinModule?.("node:diagnostics_channel") as typeof found;
  } catch {
    // An edge runtime has the function, and throws for what it has not.
  }
  return found && ((name) => found.channel(name));
}

const TYPES: Record<EventType, true> = {
  created: true,
  rotated: true,
  reuse: true,
  destroyed: true,
  login: true,
  expired: true,
  rejected: true,
  conflict: true,
  revoked: true,
  outage: true,
};

/** Sends each event to its hook and to the channel `sojourn:<type>`. */
export function createEmitter(hooks: Hooks): Emit {
  checkNames("hooks.", hooks, Object.keys(TYPES));
  const open = channels();
  const byType = new Map<EventType, Channel>();
  return (event) => {
    if (open) {
      const channel = byType.get(event.type) ?? open(`sojourn:${event.type}`);
      byType.set(event.type, channel);
      if (channel.hasSubscribers) channel.publish(event);
    }
    const report = (error: unknown): void => console.error(`sojourn: the hook "${event.type}" threw`, error);
    try {
      const done: unknown = (hooks[event.type] as ((event: SessionEvent) => unknown) | undefined)?.(event);
      // An async hook fits the type too, and its rejection would end the process.
      if (done instanceof Promise) done.catch(report);
    } catch (error) {
      report(error);
    }
  };
}
