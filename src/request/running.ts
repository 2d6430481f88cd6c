/**
 * The session of the request that is running, for those who load `sojourn/context`. Without it nothing here does
 * anything: the core knows no AsyncLocalStorage.
 */
import type { Session } from "../session/session.ts";
import type { Sessions } from "../sessions.ts";
import type { RequestSource } from "../transport/transport.ts";

/** One request within which code runs; within it may run another, of other sessions. */
export interface Frame {
  /** Whose session it is: a function of the sessions, which copies of that object share. */
  readonly by: object;
  readonly session: Session<object>;
  readonly source: RequestSource | undefined;
  readonly outer: Frame | undefined;
}

/** An AsyncLocalStorage, as far as it is used. */
export interface FrameStorage {
  run<T>(frame: Frame | undefined, work: () => T): T;
  getStore(): Frame | undefined;
}

/** By a name and not by a module: a process may have the module several times. */
const SLOT = Symbol.for("sojourn.context");

/** The one storage of the process; undefined as long as nobody loaded `sojourn/context`. */
export function frameStorage(make?: () => FrameStorage): FrameStorage | undefined {
  const host = globalThis as { [SLOT]?: FrameStorage };
  if (make && !host[SLOT]) host[SLOT] = make();
  return host[SLOT];
}

/** Runs the application's part of a request, so that what it calls finds the session. */
export function runInside<Data extends object, T>(
  sessions: Sessions<Data>,
  session: Session<Data>,
  source: RequestSource | undefined,
  work: () => T,
): T {
  const storage = frameStorage();
  if (!storage) return work();
  const frame: Frame = {
    by: sessions.open,
    session: session as Session<object>,
    source,
    outer: storage.getStore(),
  };
  return storage.run(frame, work);
}

/** The frame of these sessions that is running. */
export function runningFrame(by: object): Frame | undefined {
  let frame = frameStorage()?.getStore();
  while (frame && frame.by !== by) frame = frame.outer;
  return frame;
}

/** The session of the running request, when this one comes from the same client. */
export function runningSession(by: object, source: () => RequestSource): Session<object> | undefined {
  const frame = runningFrame(by);
  if (!frame?.source) return undefined;
  const [ours, asked] = [frame.source, source()];
  const same = ["cookie", "authorization"].every((name) => ours.header(name) === asked.header(name));
  return same ? frame.session : undefined;
}
