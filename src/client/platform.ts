/**
 * The parts of a browser that are used, as shapes: a type checker without the DOM reads them, and a test makes its own.
 */

/** `EventSource`. */
export interface EventSourceLike {
  readonly readyState: number;
  onerror: ((event: never) => void) | null;
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
  close(): void;
}

/** `BroadcastChannel`. */
export interface ChannelLike {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** `window`: what tells of activity, and of a page that is looked at again. */
export interface TargetLike {
  addEventListener(
    type: string,
    listener: () => void,
    options: { readonly passive: true; readonly capture: true },
  ): void;
  removeEventListener(type: string, listener: () => void, options: { readonly capture: true }): void;
}

/** `navigator.locks`: one tab of all holds the stream, for browsers open six connections to a host over HTTP/1. */
export interface LocksLike {
  request(name: string, options: { readonly signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

/** What a session client is made on; each part that is missing is done without. */
export interface ClientPlatform {
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly setTimeout: (work: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: never) => void;
  readonly EventSource?: (new (url: string) => EventSourceLike) | undefined;
  readonly BroadcastChannel?: (new (name: string) => ChannelLike) | undefined;
  readonly locks?: LocksLike | undefined;
  readonly target?: TargetLike | undefined;
  /** Whether the page is looked at. */
  readonly visible: () => boolean;
  /** The page's own address: what `fetch` takes a relative one from, and the only origin that is sent a token. */
  readonly href: string;
}

/** What the globals of this browser are. */
export function browser(): ClientPlatform {
  const globals = globalThis as unknown as {
    readonly EventSource?: new (url: string) => EventSourceLike;
    readonly BroadcastChannel?: new (name: string) => ChannelLike;
    readonly navigator?: { readonly locks?: LocksLike };
    readonly document?: { readonly visibilityState: string };
    readonly addEventListener?: unknown;
    readonly location?: { readonly href: string };
  };
  return {
    // Called as methods of another object, browsers refuse them.
    fetch: (...call) => globalThis.fetch(...call),
    now: () => Date.now(),
    setTimeout: (work, ms) => globalThis.setTimeout(work, ms),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    EventSource: globals.EventSource,
    BroadcastChannel: globals.BroadcastChannel,
    locks: globals.navigator?.locks,
    target: globals.addEventListener ? (globalThis as unknown as TargetLike) : undefined,
    visible: () => globals.document?.visibilityState !== "hidden",
    href: globals.location?.href ?? "http://localhost/",
  };
}
