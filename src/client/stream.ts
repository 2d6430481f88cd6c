/** Hears of the session's end from the server: one event stream, held by one tab of all. */
import type { ClientPlatform, EventSourceLike } from "./platform.ts";

/** What the stream tells. */
export interface Hearing {
  /** It was opened, or opened again: the facts as the server has them now, in JSON. */
  facts(json: string): void;
  /** The session has ended, or the server would not have the stream: ask. */
  ended(): void;
}

export interface Ear {
  /** Whether there is something to hear. */
  listen(wanted: boolean): void;
  close(): void;
}

const CLOSED = 2;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

export function openEar(platform: ClientPlatform, url: string, hearing: Hearing): Ear {
  const { EventSource: Source, locks } = platform;
  const given = new AbortController();
  let leads = !locks;
  let wanted = false;
  let source: EventSourceLike | undefined;
  let timer: unknown;
  let pause = FIRST_PAUSE_MS;

  const drop = (): void => {
    source?.close();
    source = undefined;
    platform.clearTimeout(timer as never);
    timer = undefined;
  };
  const again = (): void => {
    drop();
    hearing.ended();
    // The answer decides whether there still is something to hear; the pause is for a server that refuses.
    timer = platform.setTimeout(() => {
      timer = undefined;
      open();
    }, pause);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  };
  const open = (): void => {
    if (!Source || !leads || !wanted || source || timer !== undefined) return;
    const own = new Source(url);
    source = own;
    own.addEventListener("session", ({ data }) => {
      pause = FIRST_PAUSE_MS;
      hearing.facts(data);
    });
    own.addEventListener("end", () => {
      // Closed before the server does it, or the browser would connect again by itself.
      drop();
      hearing.ended();
    });
    own.onerror = () => {
      if (own === source && own.readyState === CLOSED) again();
    };
  };
  locks
    ?.request(`sojourn:${url}`, { signal: given.signal }, () => {
      leads = true;
      open();
      return new Promise<void>((resolve) => given.signal.addEventListener("abort", () => resolve()));
    })
    .catch(() => {});

  return {
    listen(now) {
      wanted = now;
      if (wanted) open();
      else drop();
    },
    close() {
      wanted = false;
      drop();
      given.abort();
    },
  };
}
